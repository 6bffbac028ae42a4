"""In the making."""

from moderation.runs import Claim


def carry_out(claim: Claim) -> None:
    """Do the run."""
    claim.finish()
