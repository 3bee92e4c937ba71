"""Splits by hash."""

from lib.corpora.sources.splits import hash_bucket, train_or_dev


def test_keys_spread_over_all_buckets():
    buckets = [hash_bucket(f"key {number}", 4) for number in range(400)]
    assert all(80 < buckets.count(bucket) < 120 for bucket in range(4))


def test_case_does_not_matter():
    assert hash_bucket("Ärger", 1000) == hash_bucket("ÄRGER", 1000)


def test_buckets_do_not_change_between_versions():
    assert [hash_bucket(key, 10) for key in "abc"] == [9, 5, 8]


def test_share_of_dev():
    splits = [train_or_dev(f"key {number}", 10) for number in range(1000)]
    assert set(splits) == {"train", "dev"}
    assert 70 < splits.count("dev") < 130
