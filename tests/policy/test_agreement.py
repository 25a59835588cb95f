"""The policy in one file decides as the one that it will replace."""

from tests.policy import oracle


def test_both_policies_decide_the_same_at_random_moments() -> None:
    oracle.compare(seed=1, most=600)
