from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QueuedHello(_message.Message):
    __slots__ = ("version", "session", "attempt", "hello", "place", "proof")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    version: int
    session: bytes
    attempt: int
    hello: bytes
    place: QueuePlace
    proof: QueueProof
    def __init__(self, version: _Optional[int] = ..., session: _Optional[bytes] = ..., attempt: _Optional[int] = ..., hello: _Optional[bytes] = ..., place: _Optional[_Union[QueuePlace, _Mapping]] = ..., proof: _Optional[_Union[QueueProof, _Mapping]] = ...) -> None: ...

class QueueProof(_message.Message):
    __slots__ = ("certificate", "share", "signature")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    certificate: bytes
    share: bytes
    signature: bytes
    def __init__(self, certificate: _Optional[bytes] = ..., share: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class QueuePlace(_message.Message):
    __slots__ = ("topic", "key")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    topic: str
    key: str
    def __init__(self, topic: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class FromQueuedHost(_message.Message):
    __slots__ = ("version", "session", "number", "message", "taken", "end")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    version: int
    session: bytes
    number: int
    message: bytes
    taken: int
    end: bool
    def __init__(self, version: _Optional[int] = ..., session: _Optional[bytes] = ..., number: _Optional[int] = ..., message: _Optional[bytes] = ..., taken: _Optional[int] = ..., end: _Optional[bool] = ...) -> None: ...

class ToQueuedHost(_message.Message):
    __slots__ = ("version", "session", "number", "message", "controller", "end", "place", "proof")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTROLLER_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    version: int
    session: bytes
    number: int
    message: bytes
    controller: str
    end: str
    place: QueuePlace
    proof: QueueProof
    def __init__(self, version: _Optional[int] = ..., session: _Optional[bytes] = ..., number: _Optional[int] = ..., message: _Optional[bytes] = ..., controller: _Optional[str] = ..., end: _Optional[str] = ..., place: _Optional[_Union[QueuePlace, _Mapping]] = ..., proof: _Optional[_Union[QueueProof, _Mapping]] = ...) -> None: ...
