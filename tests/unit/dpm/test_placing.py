"""A topic is on the message queues of the cells that its hosts are in, and on no other."""

from alcor.channels.cells import ONE_QUEUE, Cells
from alcor.dpm.placing import HOLD_SECONDS, Placing
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import Subject
from alcor.model.records import NodeRecord, PortRecord, SecurityGroupRecord, VpcRecord
from tests.unit.dpm.cloud import GROUPS, PORTS, VPCS

VNI, GROUP = 7, GROUPS[0]
CELLS = Cells({"a": 0, "b": 1, "also-b": 1}, others=2)
ONLY_A = Cells({"a": 0})


class Region:
    """A VPC and a group that are queued, and hosts named after their cells."""

    def __init__(self, cells: Cells, queues: int) -> None:
        self.now = 0.0
        self.placing = Placing(cells, queues, lambda: self.now)
        self.model = ReadModel()
        self._put(self.model)

    def _put(self, model: ReadModel) -> None:
        model.put_vpc(VpcRecord(VPCS[0], VNI, 1450, queued=True))
        model.security.put(SecurityGroupRecord(GROUP, queued=True))
        for number, cell in enumerate(("a", "b", "also-b", "c"), 1):
            model.put_node(NodeRecord(f"host-{cell}", number, number, cell=cell))

    def bind(self, number: int, host_id: str, groups: tuple[bytes, ...] = ()) -> None:
        if (port := self.model.port(PORTS[number])) is not None:
            self.model.remove_port(port)
        self.model.put_port(PortRecord(PORTS[number], VPCS[0], number, (), host_id, security_groups=groups))

    def read_anew(self) -> None:
        self.model = ReadModel()
        self._put(self.model)

    def queues_of(self, subject: Subject) -> list[int]:
        return [number for number, on in enumerate(self.placing.follow(self.model)) if subject in on]


def test_a_topic_is_where_hosts_of_it_are() -> None:
    region = Region(CELLS, 3)
    region.bind(0, "")
    assert region.queues_of(VNI) == []
    region.bind(0, "host-a")
    assert (region.queues_of(VNI), region.queues_of(GROUP)) == ([0], [])
    region.bind(1, "host-also-b", (GROUP,))
    assert (region.queues_of(VNI), region.queues_of(GROUP)) == ([0, 1], [1])
    region.bind(2, "host-c", (GROUP,))
    assert (region.queues_of(VNI), region.queues_of(GROUP)) == ([0, 1, 2], [1, 2])


def test_hosts_of_cells_without_a_queue_and_hosts_that_are_no_nodes_have_no_topics() -> None:
    region = Region(ONLY_A, 1)
    region.bind(0, "host-b")
    region.bind(1, "unknown")
    assert region.queues_of(VNI) == []
    region.model.put_node(NodeRecord("unknown", 9, 9, cell="a"))
    assert region.queues_of(VNI) == [0]


def test_one_queue_of_all_cells_has_all_topics_with_hosts() -> None:
    region = Region(ONE_QUEUE, 1)
    region.bind(0, "host-c", (GROUP,))
    assert (region.queues_of(VNI), region.queues_of(GROUP)) == ([0], [0])


def test_a_topic_stays_for_a_while_where_its_last_host_has_gone() -> None:
    region = Region(CELLS, 3)
    region.bind(0, "host-a", (GROUP,))
    assert region.queues_of(VNI) == [0]
    region.bind(0, "host-b", (GROUP,))
    assert region.queues_of(VNI) == region.queues_of(GROUP) == [0, 1]
    region.now = HOLD_SECONDS - 1
    assert region.queues_of(VNI) == [0, 1]
    region.bind(1, "host-a")  # another one comes
    assert region.queues_of(VNI) == [0, 1]
    region.now = 2 * HOLD_SECONDS
    assert (region.queues_of(VNI), region.queues_of(GROUP)) == ([0, 1], [1])


def test_a_topic_follows_a_node_whose_cell_is_another_one() -> None:
    region = Region(CELLS, 3)
    region.bind(0, "host-a", (GROUP,))
    assert region.queues_of(GROUP) == [0]
    region.model.put_node(NodeRecord("host-a", 1, 1, cell="b"))
    assert region.queues_of(GROUP) == [0, 1]
    region.now = HOLD_SECONDS
    assert region.queues_of(GROUP) == region.queues_of(VNI) == [1]


def test_what_is_queued_no_more_is_nowhere_at_once_and_where_it_belongs_when_it_is_queued_again() -> None:
    region = Region(CELLS, 3)
    region.bind(0, "host-a")
    assert region.queues_of(VNI) == [0]
    region.model.put_vpc(VpcRecord(VPCS[0], VNI, 1450))
    assert region.queues_of(VNI) == []
    region.bind(0, "host-b")
    region.model.put_vpc(VpcRecord(VPCS[0], VNI, 1450, queued=True))
    assert region.queues_of(VNI) == [1]


def test_all_is_placed_anew_when_everything_was_read_anew() -> None:
    region = Region(CELLS, 3)
    region.bind(0, "host-a")
    assert region.queues_of(VNI) == [0]
    region.read_anew()
    assert region.queues_of(VNI) == [0]  # held
    region.bind(0, "host-c")
    region.now = HOLD_SECONDS
    assert region.queues_of(VNI) == [2]
