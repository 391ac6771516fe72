from alcor.southbound.v1 import southbound_pb2 as _southbound_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TopicMessage(_message.Message):
    __slots__ = ("version", "log_id", "change", "sealed")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    version: int
    log_id: bytes
    change: _southbound_pb2.GoalState
    sealed: SealedMessage
    def __init__(self, version: _Optional[int] = ..., log_id: _Optional[bytes] = ..., change: _Optional[_Union[_southbound_pb2.GoalState, _Mapping]] = ..., sealed: _Optional[_Union[SealedMessage, _Mapping]] = ...) -> None: ...

class SealedMessage(_message.Message):
    __slots__ = ("epoch", "salt", "number", "sealed")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    salt: bytes
    number: int
    sealed: bytes
    def __init__(self, epoch: _Optional[int] = ..., salt: _Optional[bytes] = ..., number: _Optional[int] = ..., sealed: _Optional[bytes] = ...) -> None: ...
