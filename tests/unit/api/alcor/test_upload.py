"""A file is taken out of a form, or the client is told why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.api.http import Request
from alcor.api.vpc.upload import uploaded_file
from alcor.model.errors import AlcorError

FORM = "multipart/form-data; boundary=x"


def request(content_type: str, body: bytes) -> Request:
    headers = [(b"content-type", content_type.encode())]
    return Request({"method": "POST", "path": "/", "query_string": b"", "headers": headers}, body)


def part(name: str, content: bytes, filename: str = '; filename="f"') -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
        name.encode(),
        filename.encode(),
        content,
    )


@given(st.binary().filter(lambda content: b"\r\n--x" not in content))
def test_the_file_comes_out_as_it_went_in(content: bytes) -> None:
    body = part("other", b"another file") + part("file", content) + b"--x--\r\n"
    assert uploaded_file(request(FORM, body), "file") == content


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("application/json", b"{}"),
        ("multipart/form-data", part("file", b"")),
        (FORM, b""),
        (FORM, b"--y\r\n"),
        (FORM, part("other", b"") + b"--x--\r\n"),
        (FORM, part("file", b"no file but a field", filename="") + b"--x--\r\n"),
        (FORM, part("file", b"cut short")[:-3]),
        (FORM, b"--x\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--x--\r\n"),
    ],
)
def test_what_is_no_form_with_the_file_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(AlcorError) as raised:
        uploaded_file(request(content_type, body), "file")
    assert raised.value.status == 400


@given(st.sampled_from([FORM, "multipart/form-data; boundary=", 'multipart/form-data; boundary="']), st.binary())
def test_garbage_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(AlcorError):
        uploaded_file(request(content_type, body), "file")
