"""Reading a local folder of tables, on a small one made here."""

import numpy as np
import pandas as pd
import pytest

from skmeta.datasets import list_local_tables, load_local_images, load_local_table

MANIFEST = """name,file,kind,target,group_column,categorical_columns
plants,tabular/plants.csv.gz,classification,species,,soil|code
wages,tabular/wages.csv,grouped_regression,wage,firm,
ink,images/ink.npz,image,label,,
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "tabular").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "MANIFEST.csv").write_text(MANIFEST)
    pd.DataFrame(
        {
            "height": [1.5, None, 3.0],
            "soil": ["NA", "clay", None],
            "code": ["01", "1", "01"],
            "__target__": ["7", "NA", "7"],
        }
    ).to_csv(tmp_path / "tabular" / "plants.csv.gz", index=False)
    pd.DataFrame({"age": [30, 40], "__group__": ["007", "8"], "__target__": [10, 12]}).to_csv(
        tmp_path / "tabular" / "wages.csv", index=False
    )
    np.savez(tmp_path / "images" / "ink.npz", images=np.eye(2), label=[0, 1])
    monkeypatch.setenv("SKMETA_DATA", str(tmp_path))
    return tmp_path


def test_tables_are_listed_by_kind(folder):
    assert list_local_tables() == ["plants", "wages", "ink"]
    assert list_local_tables("grouped_regression") == ["wages"]


def test_codes_and_the_word_na_are_read_as_they_stand(folder):
    X, y, task = load_local_table("plants")
    assert task is None
    assert y.tolist() == ["7", "NA", "7"] and y.name == "species"
    assert X["soil"].dtype == "category" and list(X["soil"].cat.categories) == ["NA", "clay"]
    assert X["soil"].isna().tolist() == [False, False, True]
    assert X["code"].tolist() == ["01", "1", "01"]
    assert X["height"].dtype == float and np.isnan(X["height"][1])


def test_groups_become_the_task_column_and_regression_targets_floats(folder):
    X, y, task = load_local_table("wages")
    assert list(X.columns) == ["age"]
    assert y.dtype == float and y.tolist() == [10.0, 12.0] and y.name == "wage"
    assert task.tolist() == ["007", "8"] and task.name == "firm"


def test_images_come_as_arrays(folder):
    arrays = load_local_images("ink")
    np.testing.assert_array_equal(arrays["images"], np.eye(2))
    assert arrays["label"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: load_local_table("plant"), "no local data set 'plant'. Did you mean one of .'plants'"),
        (lambda: load_local_table("xyz"), "no local data set 'xyz'. list_local_tables"),
        (lambda: load_local_table("ink"), "use load_local_images"),
        (lambda: load_local_images("wages"), "use load_local_table"),
        (lambda: list_local_tables("audio"), "no data sets of kind 'audio'; the kinds are"),
    ],
)
def test_wrong_names_are_answered_with_the_right_ones(folder, read, message):
    with pytest.raises(ValueError, match=message):
        read()


def test_without_a_folder_the_error_says_what_to_set(monkeypatch):
    monkeypatch.delenv("SKMETA_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="set the environment variable SKMETA_DATA"):
        load_local_table("plants")


def test_a_folder_without_manifest_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMETA_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no MANIFEST.csv"):
        list_local_tables()
