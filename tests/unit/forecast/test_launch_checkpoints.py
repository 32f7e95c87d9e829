import numpy as np
import pytest

from contracts.errors import InputError
from forecast.launch.checkpoints import checkpoints_from
from forecast.launch.vintages import vintages_of


@pytest.mark.parametrize("names", [["1x"], ["-1h"], [""], [], ["1h", "60m"]])
def test_wrong_checkpoints_are_named(names):
    """Something that is no time, none at all, or one time twice."""
    with pytest.raises(InputError, match="--checkpoints"):
        checkpoints_from(names)


def test_rows_are_forecast_by_the_latest_models_before_them():
    """Never by later ones, and not by more than twelve."""
    rng = np.random.default_rng(0)
    moments, final = rng.uniform(0, 100, (300, 4)), rng.uniform(-10, 120, 500)
    cutoffs, vintage = vintages_of(moments, final)
    assert 2 < len(cutoffs) <= 12
    assert (cutoffs[vintage] <= moments).all()
    later = np.append(cutoffs, np.inf)[vintage + 1]
    assert (moments < later).all()
