"""Makes docs/screens/paper anew: `./run screens`. The pages of sealed documents, as pdftoppm draws them.

Invented people. One document per language: drawn by the patient, and signed by a guardian for somebody else.
"""

import shutil
import subprocess
from dataclasses import replace

import pytest
from django.conf import settings
from PIL import Image

import consents.services
from consents.models import Signature
from consents.services import sealing

pytestmark = pytest.mark.skipif(not shutil.which("pdftoppm"), reason="needs poppler-utils")

FOLDER = settings.BASE_DIR / "docs" / "screens" / "paper"
# A hand's lines, in thousandths of the width.
MARK = [
    [[60, 190], [70, 120], [85, 50], [120, 30], [150, 55], [140, 95], [90, 115], [140, 150], [185, 195]],
    [[215, 150], [205, 180], [230, 195], [250, 165], [235, 145], [217, 152]],
    [[300, 145], [280, 150], [285, 170], [305, 178], [300, 195], [275, 195]],
    [[375, 150], [350, 150], [340, 180], [360, 195], [378, 160], [380, 190], [400, 195]],
    [[480, 195], [490, 60], [560, 190], [575, 55], [640, 120], [700, 105], [780, 140], [900, 95]],
]


@pytest.mark.parametrize(("language", "slug"), [("en", "treatment"), ("es", "share-permission")])
def test_the_pages_of_a_sealed_document(screen, tmp_path, language, slug):
    signature = screen.decide(slug, language=language)
    sheet = sealing._sheet(Signature.objects.select_related("version__document__clinic").get(pk=signature.pk))
    evidence = {**sheet.evidence, "session": "5d1c0a77", "seconds_on_page": 94, "font_scale": 1.25}
    sheet = replace(sheet, mark=MARK, evidence=evidence)
    if language == "es":
        name = "Guadalupe Maximiliana de los Ángeles Fernández-Villavicencio y Zúñiga de Echeverría"
        sheet = replace(
            sheet, signer_name=name, capacity="guardian", mark=None, authority="Orden judicial, vista por la clínica"
        )
    file = tmp_path / "sealed.pdf"
    file.write_bytes(sealing.sealed_pdf(sheet))
    subprocess.run(["pdftoppm", "-r", "70", "-png", file, tmp_path / "page"], check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob(f"{language}-*.png"):
        old.unlink()
    for page in sorted(tmp_path.glob("page*.png")):
        with Image.open(page) as picture:
            target = FOLDER / f"{language}-{page.stem.rpartition('-')[2]}.png"
            picture.convert("RGB").quantize(16).save(target, optimize=True)
    assert consents.services.altered(signature.id) == ()
