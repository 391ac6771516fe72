"""Building the read model from the tables: no host needs to be told, so nothing is compiled."""

from collections.abc import Iterable

from alcor.dpm.fed import Fed
from alcor.dpm.goal_states import add_neighbours
from alcor.dpm.read_model import ReadModel
from alcor.model.records import (
    AddressGroupRecord,
    NetworkAclRecord,
    NodeRecord,
    PortRecord,
    Record,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableRecord,
    SecurityGroupRecord,
    SubnetRecord,
    VpcRecord,
)


def load(position: int, records: Iterable[Record], nodes: dict[str, NodeRecord] | None = None) -> ReadModel:
    """The model as of a position of the change log, from every record: VPCs, subnets and nodes before ports.

    ``nodes`` are those known already, which must not be among the records then.
    """
    model = ReadModel(revision=position, nodes={} if nodes is None else nodes, fed=Fed(position))
    for record in records:
        match record:
            case PortRecord():
                model.put_port(record)
                vpc, node = model.vpcs[record.vpc_id], model.nodes.get(record.host_id)
                if node is not None and vpc.record is not None:
                    add_neighbours(vpc.neighbours, record, node.host_index)
            case VpcRecord():
                model.put_vpc(record)
            case SubnetRecord():
                model.put_subnet(record)
            case NetworkAclRecord():
                model.vpc(record.vpc_id).network_acls[record.id] = record
            case NodeRecord():
                model.put_node(record)
            case RouterRecord() | RouterInterfaceRecord() | RouteTableRecord():
                model.routers.put(record)
            case SecurityGroupRecord() | AddressGroupRecord():
                model.security.put(record)
            case _:
                raise ValueError(f"{type(record).__name__} is not the record of a resource that exists")
    for vpc in model.vpcs.values():
        model.digest_vpc(vpc)
    return model
