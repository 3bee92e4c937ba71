"""Data: utterances to tensors, by features, augmentation, segments, buckets and collation."""
