"""The data of a sweep, as the driver sees it: found, checked, digested, and split without its test set.

`load_dataset` gives the training and validation arrays that travel to the workers, and the facts that the log
keeps of them; `load_own_dataset` does so with what a user's own function returns (`sweeps.datasets.own` has the
contract). The test set is digested and counted, and returned by `open_test_set` alone, for the phase after the search.
Importing this package loads neither scikit-learn nor scipy; the functions that need them do.
"""

from sweeps.datasets.catalogue import LOADERS, load_dataset, load_own_dataset, open_test_set
from sweeps.datasets.dataset import DataFacts, Dataset, TestSet
from sweeps.datasets.mnist import DataNotFound

__all__ = [
    "LOADERS",
    "DataFacts",
    "DataNotFound",
    "Dataset",
    "TestSet",
    "load_dataset",
    "load_own_dataset",
    "open_test_set",
]
