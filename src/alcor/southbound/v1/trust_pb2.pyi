from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolmentRequest(_message.Message):
    __slots__ = ("authorities", "join", "return_after_end")
    AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    RETURN_AFTER_END_FIELD_NUMBER: _ClassVar[int]
    authorities: AuthoritiesRequest
    join: JoinRequest
    return_after_end: ReturnRequest
    def __init__(self, authorities: _Optional[_Union[AuthoritiesRequest, _Mapping]] = ..., join: _Optional[_Union[JoinRequest, _Mapping]] = ..., return_after_end: _Optional[_Union[ReturnRequest, _Mapping]] = ...) -> None: ...

class EnrolmentAnswer(_message.Message):
    __slots__ = ("authorities", "certificate", "refusal")
    AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    authorities: Authorities
    certificate: Certificate
    refusal: Refusal
    def __init__(self, authorities: _Optional[_Union[Authorities, _Mapping]] = ..., certificate: _Optional[_Union[Certificate, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class AuthoritiesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Authorities(_message.Message):
    __slots__ = ("certificates",)
    CERTIFICATES_FIELD_NUMBER: _ClassVar[int]
    certificates: bytes
    def __init__(self, certificates: _Optional[bytes] = ...) -> None: ...

class JoinRequest(_message.Message):
    __slots__ = ("token", "signing_request")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SIGNING_REQUEST_FIELD_NUMBER: _ClassVar[int]
    token: str
    signing_request: bytes
    def __init__(self, token: _Optional[str] = ..., signing_request: _Optional[bytes] = ...) -> None: ...

class ReturnRequest(_message.Message):
    __slots__ = ("signing_request", "certificate", "signature")
    SIGNING_REQUEST_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signing_request: bytes
    certificate: bytes
    signature: bytes
    def __init__(self, signing_request: _Optional[bytes] = ..., certificate: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class RenewalRequest(_message.Message):
    __slots__ = ("signing_request",)
    SIGNING_REQUEST_FIELD_NUMBER: _ClassVar[int]
    signing_request: bytes
    def __init__(self, signing_request: _Optional[bytes] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("chain", "authorities")
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    chain: bytes
    authorities: bytes
    def __init__(self, chain: _Optional[bytes] = ..., authorities: _Optional[bytes] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "is_final")
    REASON_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    reason: str
    is_final: bool
    def __init__(self, reason: _Optional[str] = ..., is_final: _Optional[bool] = ...) -> None: ...
