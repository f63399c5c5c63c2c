"""
Which rows and columns carried the answer?
==========================================

An answer from labelled rows can say where it came from. :meth:`~skmeta.InContextClassifier.explain` tells, for every
row asked, by how much the answer's log-probability falls when a cell is hidden, and what each labelled row contributed.

Data: the breast cancer data that come with scikit-learn, forty patients known.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from skmeta import InContextClassifier

data = load_breast_cancer(as_frame=True)
columns = [name for name in data.data.columns if name.startswith("mean")]
X, X_new, y, y_new = train_test_split(
    data.data[columns], data.target_names[data.target], train_size=40, stratify=data.target, random_state=0
)
model = InContextClassifier().fit(X, y)
print(f"accuracy on {len(y_new)} others: {model.score(X_new, y_new):.2f}")

# %%
# Two patients are asked about: one who is surely benign and one who is not sure to be malignant.

chances = model.predict_proba(X_new)[:, list(model.classes_).index("malignant")]
asked = [int(np.argmin(chances)), int(np.argmin(np.abs(chances - 0.7)))]
why = model.explain(X_new.iloc[asked])

fig, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained", width_ratios=(1, 1.2))
for (left, right), i, of_columns, of_rows in zip(axes, asked, why.columns, why.support):
    order = np.argsort(of_columns)
    left.barh(np.array(columns)[order], of_columns[order], color="C0")
    answer = "malignant" if chances[i] > 0.5 else "benign"
    left.set_title(f"{answer}, stated chance {max(chances[i], 1 - chances[i]):.0%}")
    left.set_xlabel("log-probability lost without the cell")
    left.locator_params(axis="x", nbins=5)
    right.axhline(0, color="gray", linewidth=1)
    for label, colour in (("benign", "C2"), ("malignant", "C1")):
        of_label = np.flatnonzero(y == label)
        distance = np.abs((X.iloc[of_label] - X_new.iloc[i]) / X.std()).mean(axis=1)
        right.scatter(distance, of_rows[of_label], color=colour, label=label, s=25)
    right.set(xlabel="distance of the labelled row", ylabel="its part in the answer")
    right.legend(title="labelled row")
plt.show()

# %%
# Few columns carry each answer, others for one patient than for the other; and near rows count, for and against.
# (Distances are means of standardised differences.)
