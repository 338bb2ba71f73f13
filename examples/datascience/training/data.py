"""The measurements: Fisher's irises, which come with scikit-learn."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split


def load() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features, labels, and the labels' names."""
    irises = load_iris()
    return irises.data, irises.target, irises.target_names.tolist()


def split(features: np.ndarray, labels: np.ndarray):
    """What is trained on, and what the model is judged by: always the same halves."""
    parts = train_test_split(features, labels, test_size=0.4, random_state=7, stratify=labels)
    return (parts[0], parts[2]), (parts[1], parts[3])
