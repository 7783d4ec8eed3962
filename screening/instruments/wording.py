"""The published wording of every instrument item, pinned by hash so that a form can't drift from it unnoticed.

SHA-256 of the UTF-8 text, by linkId, as transcribed from the sources each instrument file names. Introductions that
carry the look-back period are pinned too. English for all; Spanish only where a published wording was found
(PHQ-9 and PHQ-2, the form that carries the Pfizer notice in Spanish).
"""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "phq9-items": "a7cf6c81d77ca468de5386e8576845151160ddebce993f56ce84e6627e2ff3de",
        "phq9-q1": "9bb34b8f7ca6dbcbf1b043003ad019e8175a52602c6d5b72d191b364f3d9d131",
        "phq9-q2": "aeb17a99adad141299f27444d5e59a6855ea75e338e340abc0f71179f13197f6",
        "phq9-q3": "1244963d1912c2bff840ffa4ad5af16d15ac409ac98cce784d1e257c9e97417f",
        "phq9-q4": "0b9fa7b8a9c198909ea66cf494f3aca8ceb2a8491aeb8b014f498f8d970e3d6a",
        "phq9-q5": "2a3dfdd4401d8c5bcb92897c2786b2c250e371ad50c6ce617ae08648e9910aa6",
        "phq9-q6": "f1383307d7fbbc9dc3fe99e888d0cad2563a5dcc92320d044d853e03dcaed2ca",
        "phq9-q7": "901ce5230a967d194c201938cdaaeae717bcbbc7c6fc5de677f58b26cf615781",
        "phq9-q8": "398c2a3dd840ef998831734bd46f7b577b149dfbcfef85e39aee5d9f87fad08a",
        "phq9-q9": "eb6a4c91968e26385527723e14785f50bfc78e0a6494ff2e13c9694a70ad4ecb",
        "phq9-difficulty": "a9be6872f364adb4f02011536535906fc03ed9eabd8df49476be418169f418bb",
        "phq2-items": "a7cf6c81d77ca468de5386e8576845151160ddebce993f56ce84e6627e2ff3de",
        "phq2-q1": "9bb34b8f7ca6dbcbf1b043003ad019e8175a52602c6d5b72d191b364f3d9d131",
        "phq2-q2": "aeb17a99adad141299f27444d5e59a6855ea75e338e340abc0f71179f13197f6",
        "gad7-items": "a7cf6c81d77ca468de5386e8576845151160ddebce993f56ce84e6627e2ff3de",
        "gad7-q1": "a608faf93c7fe84faed648ea11c0765dbb14ff03ea7c42174c95ecc59efc3df8",
        "gad7-q2": "f0412d630d01a77c1811da96b1922f89e2314af9d55d400cc03cb691dd87ab9e",
        "gad7-q3": "d3d338b468725df41cc647f5d844d41413d9a60e01bd90fcc6d9ded110bbc9e9",
        "gad7-q4": "8c0b7a6b0ee0f7db77b07aadfbe3c1c12ae1bb4882bafa58d57b77382391413c",
        "gad7-q5": "66cf6024e2ff522e54627de318cf827603a4c61bd2445c50be69ac574cf4f2c8",
        "gad7-q6": "ec61ae10a65ecc538c84e92b4632d7974da083b1677cc63747befe76126348b4",
        "gad7-q7": "56e9c044eea906e987729acccf6b8c527f6fe3137804456cd4acf5eaf4f76c86",
        "gad2-items": "a7cf6c81d77ca468de5386e8576845151160ddebce993f56ce84e6627e2ff3de",
        "gad2-q1": "a608faf93c7fe84faed648ea11c0765dbb14ff03ea7c42174c95ecc59efc3df8",
        "gad2-q2": "f0412d630d01a77c1811da96b1922f89e2314af9d55d400cc03cb691dd87ab9e",
        "dast10-items": "be9b9aa66b9cd8b591ad29497200b43d0da1d3c48cec0cd32c7b91eff4985e9e",
        "dast10-q1": "360e73b7050b3a8e65b96957d0e94b454d2d24e5a745f526a9096df8c09d5893",
        "dast10-q2": "2e4954f96dcdcc3ccc9f02b23739268c4363b19dedafd7c8ed7787512868bb86",
        "dast10-q3": "c9168337a0702fba4a4f7c774a6a5989ead4fef564e339ee475f745653dc58ff",
        "dast10-q4": "901091b1fe0a2770e8db1e335f7a801b95b8be0d530add8d35a9daf804e26305",
        "dast10-q5": "d5291732c5a2b6750528090812b7295d02ff784036aaf793660bc28abe31e685",
        "dast10-q6": "1533fe49448b384b4b08ae892283bf608e9f4c9fa73693d16dfa9cd578a30b6e",
        "dast10-q7": "f81615713416b69987726f890e18e26b3fdb1122ea01ef4c521dbbf38e85d268",
        "dast10-q8": "6a1512139fbf0eda7f0d09532be981c546a2f8d34fe414c1c8976d882c98af5d",
        "dast10-q9": "0c03ccdc779e6fbcdc3f49ca6073fc9ebd47f73ea5f927d04659cbc2d97ddf51",
        "dast10-q10": "0a7d3b4172dc7a3f9aa1cba6138006a4c14434ec7e813fdd0fd1f382e6a5608f",
        "auditc-q1": "0d3bcc46cbff946f17f836da9c0576f51cd689239d5217cfd9961c87f81da8d2",
        "auditc-q2": "3743164397f7819171a208cef7d8381fe9fa36c0f5730535e194f045bc9b58b5",
        "auditc-q3": "b48ae7f375e0929345af00fd3997259e5f6585320f1a2b737fbde1d794e63599",
        "audit-q1": "0d3bcc46cbff946f17f836da9c0576f51cd689239d5217cfd9961c87f81da8d2",
        "audit-q2": "3743164397f7819171a208cef7d8381fe9fa36c0f5730535e194f045bc9b58b5",
        "audit-q3": "b48ae7f375e0929345af00fd3997259e5f6585320f1a2b737fbde1d794e63599",
        "audit-q4": "f46bd5b7bfb8ecfb09ed16c01e35acab230fcb91c7cab4a1c24654eacf48e159",
        "audit-q5": "14fe9ba0bc245efad34e05340056237d283b662c1dac33b95f6e85629f4fe351",
        "audit-q6": "e462afc5e10cdf63704235b587ca2c3b030bb7f80e4ee4fdc8764be4c773f41e",
        "audit-q7": "d316d66e74be4761089e1fb5e2efa60ee7dffb3c640758a4a22205e7d37f1ae5",
        "audit-q8": "1fd1d839ff2271403fa407504891e66dd70fd1d41d0744650c80a4ad78d51aad",
        "audit-q9": "38f438a6d177205e6ec4d02d717bdaa6ae99e71d13447d1956b6870c1584530d",
        "audit-q10": "31b624a920d4f2bd42adb15f0d91182176b507677e10bff5f6caec3ef5068c3c",
        "cssrs-ideation": "86b96cad47583997cb9e16268cd34c9776f9ae5dd382bbeaa3cd9bd954c77311",
        "cssrs-q1": "0bfd4c79f825d15b41723294bc3995c1080499c6aacb9e193d942efe6df98697",
        "cssrs-q2": "6cea9757a091895b03473de2650c446caa104279e90457ff24aa6888d789710e",
        "cssrs-q3": "3c97c21dddc8792d97f0e79b3d478dcbf7a3a3e1e95e5f6cef53e22b573ef120",
        "cssrs-q4": "7b065c17b7f53079eb1b3af7d32561d8c57a4e8ede02f6937583955a5cf02da1",
        "cssrs-q5": "6c1a07b87f89908ac53336ea9e8dd93d69e6d35dddf9864d4dc1be7fe6840407",
        "cssrs-q6": "ea5fa2a99828121aed96a0767f02ae1907fa6798798e4e0ef108205e637620cd",
        "cssrs-q6-recent": "7125806087b6033cc3dd5f75912704d9ef056e9d0babe37d4f37cc7266bd5721",
        "pcptsd5-intro": "6615c8a0399781f96551e6b08c39d03bf74b4cb272448ed602086d28ac759da6",
        "pcptsd5-gate": "8152d5fc151dac6c45894fea568dcc659167c82380434f627d769470aad2bc94",
        "pcptsd5-items": "428e3b7e76c0581f725dd5e7763062f3af2134b9937487bfc454d39c4272dfbb",
        "pcptsd5-q1": "7153425a8d86ffc3881f7f5a9da49a97296b316aab43f3f2f4dfb80fffa53ddf",
        "pcptsd5-q2": "6d4b129a4e8c1c71c5739e5f344d3a91284e83a9b4fee5d97ddf80d5b29b6c83",
        "pcptsd5-q3": "3a8c23ec2a434b4064ebe21543ea843ca34c321dd3aadfc6e4e114e30e972302",
        "pcptsd5-q4": "bd470595a4a9ad8b0e6daa2280f5d3be5f07a5ca4cd9307446f6e734e45b0b2b",
        "pcptsd5-q5": "20aed458f9485c1fcdd08d2e8d1d4242f6025e70590ba389f60ada69b321ec27",
    }
)

SPANISH: Mapping[str, str] = MappingProxyType(
    {
        "phq9-items": "bd15263b8a469f02ba9e18e7f7d6bcc36e71423b4f809c6b1ec0bb507ecbe617",
        "phq9-q1": "016314f9db90a9c6c88f972bace918ebc901cdefbde0cc855d316bbde04cd3fb",
        "phq9-q2": "5c671a2e8a080e1530ad62725739a0b24d59ec75f3a22e3f3f3e310d2d45447d",
        "phq9-q3": "53473c55dbef46ce7e21f9afca3a2cf0d19997b7e2c8d78fe9da32101bf79da9",
        "phq9-q4": "6659a6f4c39ed2457a1d605ff55f6106f9d34f5cb0ffef722f5c64d17bde581e",
        "phq9-q5": "916893110179e5f3fea413a38355c68109b38cf2bac43041640649af2b8acd55",
        "phq9-q6": "9a7ed24f380b1d098489e45e0737b805225f66872a6393aafb83f4eff09fe229",
        "phq9-q7": "14dccb323e32292efcba06cbb276c369e6d7e49f321db16c0e2a0cb8960c3cec",
        "phq9-q8": "586b567d5fc12ae4e2a48b32f6cce0b177ab176f4e8f69f966a2c990d5314670",
        "phq9-q9": "144b24dab0b4b755c126047ad20e137883b1d337eea3ea5e0547eb6ea921bff5",
        "phq9-difficulty": "636ab52974b652f087edd3a05ff9e5af9655677932ecf813b2e06cdb7850a91c",
        "phq2-items": "bd15263b8a469f02ba9e18e7f7d6bcc36e71423b4f809c6b1ec0bb507ecbe617",
        "phq2-q1": "016314f9db90a9c6c88f972bace918ebc901cdefbde0cc855d316bbde04cd3fb",
        "phq2-q2": "5c671a2e8a080e1530ad62725739a0b24d59ec75f3a22e3f3f3e310d2d45447d",
    }
)
