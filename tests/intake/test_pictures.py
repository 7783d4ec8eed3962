"""Photos are decoded and written anew: whatever comes in, pixels come out, or a plain no."""

import io
import random
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from core.adapters import pictures
from core.adapters.pictures import NotAPhoto, developed


def saved(image, kind="JPEG", **how):
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def card(width=400, height=200):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image


def look(raw):
    return Image.open(io.BytesIO(raw))


def noise():
    return Image.effect_noise((200, 200), 90)


def is_near(pixel, colour):
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


def gps():
    exif = Image.Exif()
    exif[0x010F], exif[0x9003], exif[0x0112] = "Canary Phone", "2026:01:01 00:00:00", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (41.0, 2.0, 3.0)})
    return exif


def test_a_photo_is_turned_upright_made_small_and_says_nothing_of_where_it_was_taken():
    raw = saved(card(4000, 2000), exif=gps(), comment=b"Canary comment", icc_profile=b"Canary profile")
    assert raw.count(b"Canary") == 3
    made = developed(raw)
    assert (made.width, made.height) == (800, 1600)
    for trace in (b"Canary", b"Exif", b"ICC_PROFILE", b"GPS"):
        assert trace not in made.jpeg
    image = look(made.jpeg)
    assert (image.format, image.mode, image.info.get("exif"), dict(image.getexif())) == ("JPEG", "RGB", None, {})
    assert is_near(image.getpixel((400, 100)), (255, 0, 0))
    assert is_near(image.getpixel((400, 1500)), (0, 0, 255))


def test_what_is_hidden_behind_or_between_the_pixels_is_gone():
    raw = saved(card()) + b"<script>alert(1)</script>PK\x03\x04 canary"
    assert b"canary" not in developed(raw).jpeg
    assert b"script" not in developed(raw).jpeg


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "LA"), ("PNG", "1"), ("GIF", "P"), ("WEBP", "RGBA"),
     ("WEBP", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L")],
)  # fmt: skip
def test_other_kinds_of_picture_become_an_ordinary_one(kind, mode):
    image = look(developed(saved(card().convert(mode), kind)).jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (400, 200))


def test_the_colours_of_a_print_picture_stay_what_they_were():
    image = look(developed(saved(card().convert("CMYK"))).jpeg)
    assert is_near(image.getpixel((100, 100)), (255, 0, 0))


def test_what_is_transparent_turns_white():
    image = look(developed(saved(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")).jpeg)
    assert is_near(image.getpixel((25, 25)), (255, 255, 255))


def test_of_a_moving_picture_the_first_one_is_kept():
    frames = [card(), Image.new("RGB", (400, 200), "lime")]
    for kind in ("GIF", "WEBP"):
        raw = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        image = look(developed(raw).jpeg)
        assert getattr(image, "n_frames", 1) == 1
        assert is_near(image.getpixel((100, 100)), (255, 0, 0))


def test_a_small_picture_is_not_blown_up():
    assert developed(saved(card(30, 20))).width == 30
    assert developed(saved(Image.new("RGB", (1, 1))), longest_side=320).height == 1


def bomb(width, height):
    """A valid PNG of a few bytes that promises very many pixels."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_before_a_pixel_is_decoded(width, height):
    with pytest.raises(NotAPhoto) as refused:
        developed(bomb(width, height))
    assert refused.value.code == "too-many-pixels"


def test_a_large_jpeg_of_a_phone_is_taken_and_a_larger_one_is_not():
    assert developed(saved(Image.new("L", (8000, 6000)), quality=10)).width == 1600
    with pytest.raises(NotAPhoto) as refused:
        developed(saved(Image.new("L", (8000, 6300)), quality=10))
    assert refused.value.code == "too-many-pixels"


def test_a_text_chunk_that_unpacks_to_very_much_takes_no_memory():
    body = b"zTXtkey\0\0" + zlib.compress(b"A" * 50_000_000, 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    raw = saved(card(), "PNG")
    tracemalloc.start()
    with pytest.raises(NotAPhoto):
        developed(raw[:33] + chunk + raw[33:])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"\0", "not-a-picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not-a-picture"),
        (b"<!doctype html><script>alert(1)</script>", "not-a-picture"),
        (b"%PDF-1.7\n%canary", "not-a-picture"),
        (b"PK\x03\x04" + b"\0" * 100, "not-a-picture"),
        (b"GIF89a<script>alert(1)</script>", "broken"),
        (saved(noise())[:5000], "broken"),
        (saved(noise(), "PNG")[:5000], "broken"),
        (saved(card(), "BMP"), "not-a-picture"),
        (saved(card(), "TIFF"), "not-a-picture"),
        (saved(card(), "ICO"), "not-a-picture"),
        (b"\xff\xd8\xff", "broken"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_photo_is_refused_whatever_it_is_called(raw, code):
    with pytest.raises(NotAPhoto) as refused:
        developed(raw)
    assert refused.value.code in (code, "broken", "not-a-picture") and (code == "empty") == (
        refused.value.code == "empty"
    )


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_mangled_files_never_raise_anything_else():
    """1,000 seeded mutations of small files of each kind."""
    chance = random.Random(7)
    seeds = [saved(card(60, 40), kind) for kind in pictures.FORMATS] + [saved(card(60, 40), exif=gps())]
    taken = 0
    for _ in range(1000):
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 3, 10))):
            place = chance.randrange(min(len(raw), chance.choice((40, 400, len(raw)))))
            if chance.random() < 0.7:
                raw[place] = chance.randrange(256)
            else:
                del raw[place : place + chance.randrange(1, 20)]
            raw = raw or bytearray(b"x")
        try:
            taken += bool(developed(bytes(raw)).jpeg)
        except NotAPhoto:
            continue
    assert taken
