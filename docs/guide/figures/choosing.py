"""The chart of the page on choosing: from the shape of the data to the estimator to try first."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

QUESTIONS = [
    ("One table, nothing else", "InContextClassifier\nInContextRegressor"),
    ("One table with a task column\n(site, store, patient, machine)", "TaskMixtureRegressor\nTaskMixtureClassifier"),
    ("Many tasks, classes differ\nfrom task to task", "ProtoNetClassifier"),
    ("Many tasks, regression\nor shared classes", "BayesianHeadRegressor\nMetaOptNetClassifier"),
    ("Many tasks, each needs\nfeatures of its own", "MAMLClassifier\nMAMLRegressor"),
    ("A few large sources,\na target of dozens of rows", "FineTuneTransfer\nSourceSelector"),
    ("Few labels, many\nunlabelled rows", "pseudo_tasks, then\nProtoNetClassifier"),
    ("Images or text", "ProtoNetClassifier(Conv4),\nor on embeddings"),
]


def box(ax, x, y, width, text, face, **font):
    patch = FancyBboxPatch(
        (x, y - 0.34), width, 0.68, boxstyle="round,pad=0.02,rounding_size=0.12", facecolor=face, edgecolor="none"
    )
    ax.add_patch(patch)
    ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=10, **font)


fig, ax = plt.subplots(figsize=(7.2, 7.4))
for i, (question, answer) in enumerate(QUESTIONS):
    y = len(QUESTIONS) - i
    box(ax, 0, y, 3.3, question, "#e8eef4", color="#1a1a1a")
    ax.annotate("", (4.15, y), (3.4, y), arrowprops={"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.5})
    box(ax, 4.25, y, 3.1, answer, "#0072B2", color="white", family="monospace", fontweight="bold")
ax.text(0, len(QUESTIONS) + 0.75, "What do you have?", fontsize=12, fontweight="bold")
ax.text(4.25, len(QUESTIONS) + 0.75, "Try first", fontsize=12, fontweight="bold")
ax.set(xlim=(-0.1, 7.5), ylim=(0.5, len(QUESTIONS) + 1.1))
ax.axis("off")
plt.show()
