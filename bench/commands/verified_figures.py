"""Published figures that `bench.commands.verify` reproduces."""

from collections.abc import Mapping

WBC_ROC_AUC: Mapping[str, float] = {"HBOS": 0.9516, "KNN": 0.9366, "LOF": 0.9349, "OCSVM": 0.9319}
"""ROC-AUC on wbc from the benchmark table of PyOD's documentation, each the mean of ten splits."""
WBC_OUTLIERS = (
    41, 369, 414, 22, 239, 162, 214, 236, 91, 468, 105, 9, 536, 28, 182, 30, 26, 41, 108, 0, 501,
)  # fmt: skip
"""The malignant rows of scikit-learn's `load_breast_cancer` that ODDS used as the outliers of wbc; one occurs twice."""
SPLITS = 10
TEST_SHARE = 0.4

C45_AUC = (
    (0.763, 0.768, 0.771, 0.798),
    (0.599, 0.591, 0.590, 0.569),
    (0.954, 0.971, 0.968, 0.967),
    (0.628, 0.661, 0.654, 0.657),
    (0.882, 0.888, 0.886, 0.898),
    (0.936, 0.931, 0.916, 0.931),
    (0.661, 0.668, 0.609, 0.685),
    (0.583, 0.583, 0.563, 0.625),
    (0.775, 0.838, 0.866, 0.875),
    (1.000, 1.000, 1.000, 1.000),
    (0.940, 0.962, 0.965, 0.962),
    (0.619, 0.666, 0.614, 0.669),
    (0.972, 0.981, 0.9751, 0.975),
    (0.957, 0.978, 0.946, 0.970),
)
"""Demšar (2006), table 6: four variants of C4.5 on 14 data sets. The paper prints 0.975 twice in the last row but one
and ranks the third variant higher."""
C45_VARIANTS = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
C45_MEAN_RANKS = (3.143, 2.000, 2.893, 1.964)
"""The mean ranks printed below that table."""
