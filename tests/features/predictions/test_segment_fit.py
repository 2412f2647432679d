"""Groups that are there are found, named as before, described, and told from nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from features.errors import PredictionError
from features.predictions.segment_fit import Asked, Fitted, fit_segments, segments_of
from features.predictions.segmentation import Segmentation
from features.predictions.table import Table
from tests.features.predictions.people import GROUPS, NOW_US, of_groups, table_of

USERS = 600


def fit(table: Table, *, ks: range = range(2, 6), before: Segmentation | None = None, seed: int = 0) -> Fitted:
    asked = Asked(ks, seed, "user_predictions.segment", "history", NOW_US)
    return fit_segments(table, asked, before, lambda _: None)


@pytest.fixture(scope="module")
def found() -> Fitted:
    return fit(table_of(of_groups(USERS)[1]))


def test_the_groups_that_are_there_are_found(found: Fitted) -> None:
    group, _ = of_groups(USERS)
    together = Counter(zip(group.tolist(), found.labels.tolist(), strict=True))
    assert len(found.segmentation.segments) == len(GROUPS)
    assert sum(count for _, count in together.most_common(3)) >= 0.98 * USERS
    assert "well apart" in found.segmentation.verdict


def test_the_biggest_comes_first_and_everybody_is_in_one(found: Fitted) -> None:
    sizes = [segment.users for segment in found.segmentation.segments]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == USERS
    assert sum(segment.share for segment in found.segmentation.segments) == pytest.approx(1)
    assert sizes == np.bincount(found.labels).tolist()


def test_a_segment_is_described_by_what_its_users_have_in_common(found: Fitted) -> None:
    titles = {segment.name: segment.title for segment in found.segmentation.segments}
    assert any("very high purchases" in title for title in titles.values())
    assert any("very low tenure" in title for title in titles.values())
    [buyers] = [segment for segment in found.segmentation.segments if "very high purchases" in segment.title]
    trait = buyers.traits[0]
    assert (trait.feature, trait.difference > 1) == ("purchases", True)
    assert float(trait.here) == pytest.approx(20, abs=1)


def test_the_same_seed_finds_the_same() -> None:
    table = table_of(of_groups(200)[1])
    assert fit(table).segmentation == fit(table).segmentation


def test_who_is_told_later_gets_the_same_segment(found: Fitted) -> None:
    again = segments_of(found.segmentation, table_of(of_groups(USERS)[1])).to_pylist()
    assert again == [found.segmentation.names[label] for label in found.labels]


def test_segments_keep_their_names_when_more_users_come(found: Fitted) -> None:
    before = found.segmentation
    _, more = of_groups(2 * USERS, seed=5)
    order = ["tenure", "purchases", "visits"]
    after = fit(table_of({name: more[name][::-1].copy() for name in order}), before=before).segmentation
    assert {s.name: s.title.split(",")[0] for s in after.segments} == {
        s.name: s.title.split(",")[0] for s in before.segments
    }
    assert after.retired == ()


def test_a_segment_that_is_gone_leaves_its_name_to_nobody(found: Fitted) -> None:
    group, numbers = of_groups(USERS)
    kept = {name: values[group != GROUPS.index("newcomers")] for name, values in numbers.items()}
    fewer = fit(table_of(kept), ks=range(2, 3), before=found.segmentation).segmentation
    [gone] = fewer.retired
    assert set(fewer.names) == {"s1", "s2", "s3"} - {gone}
    more = fit(table_of(numbers), ks=range(3, 4), before=fewer).segmentation
    assert gone not in more.names
    assert "s4" in more.names


def test_other_features_make_other_segments(found: Fitted) -> None:
    _, numbers = of_groups(USERS)
    other = fit(table_of({f"new_{name}": values for name, values in numbers.items()}), before=found.segmentation)
    assert other.segmentation.names == ["s4", "s5", "s6"]
    assert other.segmentation.retired == ("s1", "s2", "s3")


def test_a_feature_that_became_another_is_no_longer_told_by() -> None:
    _, numbers = of_groups(USERS)
    before = fit(table_of(numbers)).segmentation
    texts = {"visits": ["many" if many > 10 else "few" for many in numbers.pop("visits")]}
    changed = table_of(numbers, texts)
    with pytest.raises(PredictionError, match="visits held numbers, and does not any more"):
        segments_of(before, changed)
    assert set(fit(changed, before=before).segmentation.names).isdisjoint(before.names)


def test_not_knowing_is_a_trait_and_does_not_keep_anybody_out() -> None:
    group, numbers = of_groups(USERS)
    numbers["tenure"][group == GROUPS.index("visitors")] = np.nan
    found = fit(table_of(numbers), ks=range(3, 4))
    words = [trait.words for segment in found.segmentation.segments for trait in segment.traits]
    assert "nearly all tenure (missing)" in words
    assert len(found.labels) == USERS


def test_categories_make_segments_too() -> None:
    rng = np.random.default_rng(3)
    gold = rng.random(USERS) < 0.4
    table = table_of(
        {"noise": rng.normal(size=USERS)},
        {
            "tier": ["gold" if each else "new" for each in gold],
            "channel": ["app" if each else "web" for each in gold],
            "note": [None] * USERS,
        },
    )
    found = fit(table, ks=range(2, 3))
    assert {axis.name for axis in found.segmentation.axes} == {"noise", "tier", "channel"}
    assert found.segmentation.left_out == {"note": "the same for everybody"}
    titles = [segment.title for segment in found.segmentation.segments]
    assert sorted("tier gold" in title for title in titles) == [False, True]
    assert found.labels.sum() == gold.sum()


def test_a_cloud_without_gaps_is_called_one() -> None:
    rng = np.random.default_rng(0)
    cloud = table_of({f"x{n}": rng.normal(size=400) for n in range(5)})
    assert "no clear groups" in fit(cloud).segmentation.verdict


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (table_of(of_groups(49)[1]), "at least 50 users: there are 49"),
        (table_of({"same": np.ones(80)}, {"too": ["a"] * 80}), "all users are the same"),
        (table_of({"two": np.arange(80.0) % 2}), "2 of them different"),
        (table_of({"none": np.full(80, np.nan)}), "all users are the same"),
    ],
)
def test_too_little_to_find_segments_in_is_refused(table: Table, why: str) -> None:
    with pytest.raises(PredictionError, match=why):
        fit(table)


def test_the_picture_draws_every_segment_with_its_axes(found: Fitted) -> None:
    picture = found.picture
    for segment in found.segmentation.segments:
        assert f">{segment.name}</text>" in picture
        assert f"{segment.name}: {segment.share:.0%}" in picture
    first, second = found.segmentation.variance
    assert first >= second > 0
    assert f"component 1: {first:.0%} of the variance; mostly" in picture
    marks = picture.count("<circle") + picture.count("<polygon")
    assert marks == USERS + len(found.segmentation.segments)
