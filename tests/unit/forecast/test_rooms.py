import numpy as np

from forecast.rooms import Rooms


def test_what_was_handed_out_never_changes():
    """Two different days appended to the same state: both keep their own, and so do their descendants."""
    rooms = Rooms()
    start = rooms.join("y", np.zeros((2, 3)), np.empty((2, 0)))
    one = rooms.join("y", start, np.full((2, 1), 1.0))
    two = rooms.join("y", start, np.full((2, 1), 2.0))
    three = rooms.join("y", one, np.full((2, 1), 3.0))
    assert [x[0].tolist() for x in (start, one, two, three)] == [[0] * 3, [0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 1, 3]]


def test_a_full_room_is_left_for_a_larger_one():
    """A hundred appended columns are all there, in order."""
    rooms, values = Rooms(), np.empty((1, 0))
    for k in range(100):
        values = rooms.join("y", values, np.full((1, 1), float(k)))
    assert values[0].tolist() == list(range(100))
