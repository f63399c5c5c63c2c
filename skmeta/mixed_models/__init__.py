"""Random effects, mixed and leave-one-out ridge: statistics of many related tables, in numpy."""

from skmeta.mixed_models.leave_one_out_ridge import LeaveOneOutRidge
from skmeta.mixed_models.mixed_ridge import MixedRidge
from skmeta.mixed_models.power_law import PowerLaw

__all__ = ["LeaveOneOutRidge", "MixedRidge", "PowerLaw"]
