"""Builds the rules of a chunk from settings, catalogue, stock, model and knowledge."""

from coupons.arms import ArmShares
from coupons.books import Books
from coupons.catalogue import Catalogue
from coupons.catalogue_file import parse_catalogue
from coupons.codes import CodeKey
from coupons.pacing import Pacing
from coupons.policy import PolicySettings
from coupons.stock import EVERYTHING_THERE, Stock
from online_models.knowledge.known import Known
from streams.context import NOTHING_KNOWN, Rules
from streams.families import Families
from streams.key_rings import former_keys_of
from streams.learning import InForce
from streams.setting_sources import text_of
from streams.settings import Settings


def read_catalogue(settings: Settings) -> Catalogue:
    """Read the catalogue's file.

    Raises
    ------
    SettingsError
        There is no such file, or it is no text.
    CatalogueError
        Entries are refused, each by name and line.
    """
    path = settings.catalogue_path
    return parse_catalogue(text_of(path, "COUPON_CATALOGUE_FILE"), str(path))


def _session_key(settings: Settings) -> bytes:
    """Give the key of what sessions tell of devices and addresses."""
    secret = settings.pseudonym_key
    return (settings.experiment_salt if secret is None else secret.get_secret_value()).encode()[:64]


def mark_keys_of(settings: Settings) -> tuple[bytes, ...]:
    """Give the key that marks erased users now, and those that did before."""
    former = former_keys_of(settings.pseudonym_former_keys)
    return _session_key(settings), *(key[:64] for key in former)


def _code_key(settings: Settings) -> CodeKey | None:
    """Give the secret of the customers' codes, if they are to have any."""
    secret = settings.code_key
    if secret is None:
        return None
    return CodeKey(key_id=settings.code_key_id, secret=secret.get_secret_value().encode())


def _families(settings: Settings) -> Families:
    """Give which kinds of knowledge are told with decisions."""
    return Families(
        hints=settings.hints,
        segments=settings.segments,
        heat=settings.heat,
        alike=settings.alike,
        next_step=settings.next_step,
        risk_limit=settings.risk_limit_ratio,
    )


def _shares(settings: Settings) -> ArmShares:
    return ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=settings.holdout_ratio,
    )


def books_of(settings: Settings) -> Books:
    """Give the ledger of every campaign with nothing in it."""
    return Books(
        partitions=settings.partitions,
        shares=_shares(settings),
        lease_ratio=settings.lease_ratio,
        horizon_ms=settings.pacing_horizon_ms,
    )


def rules_of(
    settings: Settings,
    catalogue: Catalogue,
    model: InForce,
    known: Known = NOTHING_KNOWN,
    stock: Stock = EVERYTHING_THERE,
) -> Rules:
    """Fix everything that a chunk's decisions depend on besides rows and events."""
    return Rules(
        app_id=settings.app_id,
        catalogue=catalogue,
        campaigns={campaign.campaign_id: campaign for campaign in catalogue.campaigns},
        model=model.scorer,
        model_id=model.model_id,
        model_version=model.version,
        model_learned_count=model.learned_count,
        policy=PolicySettings(
            name=model.policy or settings.policy,
            explore_ratio=settings.exploration_ratio,
            salt=settings.experiment_salt,
        ),
        pacing=Pacing(horizon_ms=settings.pacing_horizon_ms),
        shares=_shares(settings),
        salt=settings.experiment_salt,
        triggers=frozenset(settings.triggers),
        horizon_ms=settings.horizon_ms,
        spacing_ms=settings.decision_spacing_ms,
        margin_ratio=settings.margin_ratio,
        promise_ratio=settings.promise_ratio,
        currency=settings.shop_currency,
        lease_ratio=settings.lease_ratio,
        keeps_sessions=settings.sessions,
        session_key=_session_key(settings),
        mark_keys=mark_keys_of(settings),
        code_key=_code_key(settings),
        known=known,
        stock=stock,
        families=_families(settings),
        pauses_habits=settings.habit_pause,
    )
