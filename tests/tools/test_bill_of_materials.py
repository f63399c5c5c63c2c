"""The bill names what an installation brings along, without asking anybody."""

from tools.bill_of_materials import bill


def test_what_is_needed_is_on_the_bill_with_its_version_and_what_is_optional_is_not():
    found = bill()
    components = {one["name"]: one for one in found["components"]}
    assert {"numpy", "scikit-learn", "scipy", "skorch", "torch"} <= set(components)
    assert not {"pytest", "pandas", "ray"} & set(components)
    for name, one in components.items():
        assert one["purl"] == f"pkg:pypi/{name}@{one['version']}"
    assert components["scikit-learn"]["licenses"]
