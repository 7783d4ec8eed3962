"""The envelope of a seal or timestamp (CMS, RFC 5652), written anew from the parts of it that a key answers for.

A signature covers the document and the signed attributes, not the envelope: its version, the parameters of its
algorithms, the certificates beside the signer's and what nobody signed could change, and the key would still fit.
Whoever compares the file with what is written here sees that.
"""

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pyhanko.sign.validation import EmbeddedPdfSignature

DIGESTS = ("sha256", "sha384", "sha512")


class Unwritten(Exception):
    """Something that neither our signer nor a timestamp authority writes; the text is one line."""


def as_written(one: EmbeddedPdfSignature) -> bytes:
    """Its one form: one digest algorithm, one signer, nothing unsigned, its certificates in order. Raises Unwritten."""
    signer = one.signer_info
    content = one.signed_data["encap_content_info"]
    about = content["content_type"].native
    certificates = [each.dump() for each in one.signed_data["certificates"]]
    _each_fits_another(certificates, signer=one.signer_cert.dump())
    sender = {"issuer": one.signer_cert.issuer, "serial_number": one.signer_cert.serial_number}
    said = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(sender)),
        "digest_algorithm": _digest(signer["digest_algorithm"]),
        "signed_attrs": cms.CMSAttributes(contents=signer["signed_attrs"].contents),
        "signature_algorithm": _signature_algorithm(signer),
        "signature": signer["signature"].native,
    }
    inside = {"content_type": about}
    if about != "data":
        inside["content"] = core.ParsableOctetString(bytes(content["content"]))
    signed = {
        "version": "v1" if about == "data" else "v3",  # RFC 5652, 5.1
        "digest_algorithms": [_digest(one.signed_data["digest_algorithms"][0], same_as=said["digest_algorithm"])],
        "encap_content_info": inside,
        "certificates": [cms.CertificateChoices.load(each) for each in certificates],
        "signer_infos": [cms.SignerInfo(said)],
    }
    written: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    return written


def _digest(found: algos.DigestAlgorithm, same_as: algos.DigestAlgorithm | None = None) -> algos.DigestAlgorithm:
    """Its parameters are NULL or left out (RFC 5754, 2): both are in use."""
    name = found["algorithm"].native
    if name not in DIGESTS or (same_as is not None and name != same_as["algorithm"].native):
        raise Unwritten(f"a digest that nobody should use here: {name}")
    written = algos.DigestAlgorithm({"algorithm": name})
    if not found["parameters"].dump():
        del written["parameters"]
    return written


def _signature_algorithm(signer: cms.SignerInfo) -> algos.SignedDigestAlgorithm:
    found = signer["signature_algorithm"]
    name, digest = found["algorithm"].native, signer["digest_algorithm"]["algorithm"].native
    if name == "rsassa_pss":  # its parameters are covered: another digest or salt, and the key no longer fits
        return found
    if name not in ("rsassa_pkcs1v15", "ed25519", f"{digest}_rsa", f"{digest}_ecdsa"):
        raise Unwritten(f"a signature algorithm beside its digest: {name}")
    written = algos.SignedDigestAlgorithm({"algorithm": name})
    if not found["parameters"].dump():
        del written["parameters"]
    return written


def _each_fits_another(found: list[bytes], *, signer: bytes) -> None:
    """The signer's, and those that issued one of the others. Whose issuer is there bears its signature.

    One whose issuer is not there (an authority that another one vouches for elsewhere) is believed as it is: nothing
    in the file could tell. We trust no certificate because of it.
    """
    bag = [x509.load_der_x509_certificate(each) for each in found]
    for place, one in enumerate(bag):
        issuers = [other for other in bag if other.subject == one.issuer]
        if issuers and not any(_issued(one, by=other) for other in issuers):
            raise Unwritten("a certificate was changed")
        if found[place] != signer and not any(_issued(other, by=one) for other in bag if other is not one):
            raise Unwritten("a certificate that has nothing to do with it")


def _issued(one: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
