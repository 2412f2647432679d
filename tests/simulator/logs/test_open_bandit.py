"""The Open Bandit Dataset is read as it is published."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.logs.faults import Faults
from simulator.logs.open import open_log

HEADER = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1\n"
ROWS = """0,2019-11-24 00:01:29.788335+00:00,1,3,0,0.5,81ce,0.0,2.0
1,2019-11-24 00:01:30.788335+00:00,0,1,1,0.25,03a5,0.0,0.0
2,2019-11-24 00:01:31.788335+00:00,7,1,1,0.25,03a5,0.0,0.0
"""
CTR = {"random": {"all": 38, "men": 46, "women": 46}, "bts": {"all": 42, "men": 69, "women": 46}}
ITEMS = {"all": 80, "men": 34, "women": 46}


def test_every_item_is_a_candidate_and_what_is_known_of_the_user_is_the_context(tmp_path):
    path = tmp_path / "women.csv"
    path.write_text(HEADER + ROWS)
    log, faults = open_log(path), Faults()
    assert log.taken_for == "the Open Bandit Dataset's CSV"
    (read,) = log.batches(faults)
    assert read.column("candidates").to_pylist() == [["0", "1"]] * 2
    assert (read.chosen.tolist(), read.reward.tolist(), read.propensity.tolist()) == ([1, 0], [0.0, 1.0], [0.5, 0.25])
    assert dict(read.column("context").to_pylist()[0]) == {
        "position=3": 1.0,
        "user_feature_0=81ce": 1.0,
        "user-item_affinity_1": 2.0,
    }
    assert str(faults.named[0]) == "row 4: item_id: expected one of the candidates, found '7'"


@pytest.mark.parametrize("behaviour", CTR)
@pytest.mark.parametrize("campaign", ITEMS)
def test_the_published_files_are_read_whole(datasets, behaviour, campaign):
    faults = Faults()
    read = list(open_log(datasets / "open_bandit_small" / f"{behaviour}_{campaign}.csv.gz").batches(faults))
    assert (faults.good, faults.count) == (10_000, 0)
    assert np.concatenate([each.reward for each in read]).sum() == CTR[behaviour][campaign]
    assert {int(size) for each in read for size in np.diff(each.offsets)} == {ITEMS[campaign]}
