"""
Few-shot intents from text
==========================

A helpdesk opens a new queue: five kinds of question, one example of each. Words alone do not say which of them matter;
other queues, long since sorted, do. Texts become rows by ``TfidfVectorizer`` as ever, and
:class:`~skmeta.ProtoNetClassifier` learns on the old intents which directions tell intents apart.

Data: made up from templates of sentences, one word in six exchanged for another. New intents combine what old ones are
made of - "cancel a loan" is new, cancelling and loans are not - so this is easier than life; results on real utterances
stand :doc:`in the benchmarks </benchmarks/reproductions>`.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import KNeighborsClassifier

from skmeta import PerTaskBaseline, ProtoNetClassifier
from skmeta.inspection import ShotCurveDisplay
from skmeta.tasks import NWayTasks, TaskSet

verbs = {
    "block": ["block", "freeze", "lock", "stop"], "order": ["order", "request", "get", "buy"],
    "change": ["change", "update", "edit", "correct"], "find": ["find", "locate", "look up", "see"],
    "pay": ["pay", "settle", "transfer", "send"], "cancel": ["cancel", "end", "drop", "quit"],
}  # fmt: skip
things = {
    "card": ["my card", "the visa", "my bank card"], "address": ["my address", "where i live", "my street"],
    "bill": ["the bill", "an invoice", "what i owe"], "trip": ["my trip", "the flight", "a booking"],
    "phone": ["my phone", "the handset", "a mobile"], "parcel": ["a parcel", "my package", "the delivery"],
    "loan": ["a loan", "my credit", "the mortgage"], "meeting": ["a meeting", "the appointment", "my slot"],
}  # fmt: skip
frames = ["can you {} {}", "i want to {} {}", "please {} {} today", "how do i {} {}", "need help to {} {} right now",
          "is it possible to {} {} online", "hi {} {} thanks"]  # fmt: skip
rng = np.random.default_rng(0)
noise = [word for group in (*verbs.values(), *things.values()) for text in group for word in text.split()]


def disturbed(sentence):
    words = sentence.split()
    return " ".join(rng.choice(noise) if rng.random() < 1 / 6 else word for word in words)


def utterances(verb, thing, n=20):
    said = [rng.choice(frames).format(rng.choice(verbs[verb]), rng.choice(things[thing])) for _ in range(n)]
    return [disturbed(sentence) for sentence in said]


intents = [(verb, thing) for verb in verbs for thing in things]
rng.shuffle(intents)
texts = [text for intent in intents for text in utterances(*intent)]
y = np.repeat([f"{verb} {thing}" for verb, thing in intents], 20)
print(texts[0], "->", y[0], "|", texts[25], "->", y[25])

# %%
# 33 intents are old, 15 are new. The vectorizer is fitted on all texts, labels unseen. Rows of words share one scale
# (:class:`~skmeta.nets.OneScale`) and are compared by angles; columns of other tables are scaled one by one
# (:class:`~skmeta.nets.Standardize`).

X = TfidfVectorizer(ngram_range=(1, 2), min_df=2).fit_transform(texts).toarray()
is_old = np.isin(y, np.unique(y)[rng.permutation(48)[:33]])
train = TaskSet([(X[is_old], y[is_old])])
meta = ProtoNetClassifier(
    n_ways=5, n_shots=1, labels="task", module__scaling="table", module__unit_length=True, max_epochs=6,
    steps_per_epoch=50, batch_size=8, random_state=0,
).fit(train)  # fmt: skip

new = NWayTasks(X[~is_old], y[~is_old], n_ways=5, n_shots=10, n_query=5).sample(80, random_state=0)
nearest = PerTaskBaseline(KNeighborsClassifier(1)).fit(train)
fig, ax = plt.subplots(figsize=(6, 4))
for name, learner, marker in (("ProtoNet, meta-trained", meta, "o"), ("nearest text by TF-IDF", nearest, "s")):
    display = ShotCurveDisplay.from_estimator(
        learner, new, [1, 2, 5], n_repeats=2, random_state=0, ax=ax, name=name, marker=marker
    )
    print(name, display.curve)
plt.show()
