from alcor.southbound.v1 import southbound_pb2 as _southbound_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HostQuestions(_message.Message):
    __slots__ = ("hello", "questions")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    hello: NcmHello
    questions: Questions
    def __init__(self, hello: _Optional[_Union[NcmHello, _Mapping]] = ..., questions: _Optional[_Union[Questions, _Mapping]] = ...) -> None: ...

class NeighbourNews(_message.Message):
    __slots__ = ("welcome", "neighbours")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    welcome: NcmWelcome
    neighbours: _southbound_pb2.GoalState
    def __init__(self, welcome: _Optional[_Union[NcmWelcome, _Mapping]] = ..., neighbours: _Optional[_Union[_southbound_pb2.GoalState, _Mapping]] = ...) -> None: ...

class NcmHello(_message.Message):
    __slots__ = ("host_id", "boot_id")
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    host_id: str
    boot_id: bytes
    def __init__(self, host_id: _Optional[str] = ..., boot_id: _Optional[bytes] = ...) -> None: ...

class NcmWelcome(_message.Message):
    __slots__ = ("ncm_id", "lease_seconds", "absence_seconds", "questions_per_second")
    NCM_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ABSENCE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    ncm_id: str
    lease_seconds: int
    absence_seconds: int
    questions_per_second: int
    def __init__(self, ncm_id: _Optional[str] = ..., lease_seconds: _Optional[int] = ..., absence_seconds: _Optional[int] = ..., questions_per_second: _Optional[int] = ...) -> None: ...

class Questions(_message.Message):
    __slots__ = ("vpcs",)
    VPCS_FIELD_NUMBER: _ClassVar[int]
    vpcs: _containers.RepeatedCompositeFieldContainer[VpcQuestions]
    def __init__(self, vpcs: _Optional[_Iterable[_Union[VpcQuestions, _Mapping]]] = ...) -> None: ...

class VpcQuestions(_message.Message):
    __slots__ = ("vni", "ipv4", "ipv6", "macs")
    VNI_FIELD_NUMBER: _ClassVar[int]
    IPV4_FIELD_NUMBER: _ClassVar[int]
    IPV6_FIELD_NUMBER: _ClassVar[int]
    MACS_FIELD_NUMBER: _ClassVar[int]
    vni: int
    ipv4: _containers.RepeatedScalarFieldContainer[int]
    ipv6: bytes
    macs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, vni: _Optional[int] = ..., ipv4: _Optional[_Iterable[int]] = ..., ipv6: _Optional[bytes] = ..., macs: _Optional[_Iterable[int]] = ...) -> None: ...

class NameQuestion(_message.Message):
    __slots__ = ("host_id", "vni", "name", "address")
    HOST_ID_FIELD_NUMBER: _ClassVar[int]
    VNI_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    host_id: str
    vni: int
    name: str
    address: bytes
    def __init__(self, host_id: _Optional[str] = ..., vni: _Optional[int] = ..., name: _Optional[str] = ..., address: _Optional[bytes] = ...) -> None: ...

class NameAnswer(_message.Message):
    __slots__ = ("addresses", "name")
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedScalarFieldContainer[bytes]
    name: str
    def __init__(self, addresses: _Optional[_Iterable[bytes]] = ..., name: _Optional[str] = ...) -> None: ...
