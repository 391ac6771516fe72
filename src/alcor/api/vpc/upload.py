"""Files that come in a form (multipart/form-data, RFC 7578)."""

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, parse_options_header

from alcor.api.http import Request
from alcor.model.errors import bad_request

_CONTENT_TYPE = "multipart/form-data"


def uploaded_file(request: Request, field: str) -> bytes:
    """The content of the file in a field of the form. Raises AlcorError (400) when there is none."""
    files: list[File] = []
    content_type, options = parse_options_header(request.header(b"content-type"))
    if content_type.lower() != _CONTENT_TYPE.encode():
        raise bad_request(f"Send the file as {_CONTENT_TYPE}, in the field '{field}'.")
    try:
        parser = FormParser(
            _CONTENT_TYPE,
            on_field=None,
            on_file=files.append,
            boundary=options.get(b"boundary"),
            config={"MAX_MEMORY_FILE_SIZE": float("inf")},  # the whole body is in memory already
        )
        parser.write(request.body)
        parser.finalize()
    except FormParserError as error:
        raise bad_request(f"Malformed request body: {error}.", "MalformedRequestBody") from error
    for file in files:
        if file.field_name == field.encode():
            file.file_object.seek(0)
            return file.file_object.read()
    raise bad_request(f"The form has no file in the field '{field}', or is cut short.")
