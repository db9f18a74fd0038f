//! The key pair, from one source as a whole.

use super::fault::Faults;
use super::raw::Raw;
use super::settings::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, SECURITY_TOKEN};
use super::values;
use crate::transport::{AccessKey, Secret};

/// The variables of one source, with their values.
struct Pair<'r> {
    id: (&'static str, Option<&'r str>),
    secret: (&'static str, Option<&'r str>),
}

/// Reads the key pair and its token. Where neither `access_key_id` nor `access_key_secret` is set,
/// the vendor's variables stand in; halves are never mixed, and a token goes with its own pair.
pub(super) fn read(raw: &Raw, faults: &mut Faults) -> Option<AccessKey> {
    let own = Pair {
        id: (ACCESS_KEY_ID.name, raw.access_key_id.as_deref()),
        secret: (ACCESS_KEY_SECRET.name, raw.access_key_secret.as_deref()),
    };
    let vendor = Pair {
        id: (
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            raw.alibaba_cloud_access_key_id.as_deref(),
        ),
        secret: (
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            raw.alibaba_cloud_access_key_secret.as_deref(),
        ),
    };
    let is_vendor = own.is_unset() && !vendor.is_unset();
    let vendor_token = raw.alibaba_cloud_security_token.as_deref();
    let token = match (&raw.security_token, vendor_token) {
        (Some(token), _) => Some((SECURITY_TOKEN.name, token.as_str())),
        (None, Some(token)) if is_vendor => Some(("ALIBABA_CLOUD_SECURITY_TOKEN", token)),
        (None, _) => None,
    };
    let pair = if is_vendor { vendor } else { own };

    let id = half(pair.id, pair.secret, faults);
    let secret = half(pair.secret, pair.id, faults);
    let token = token.map(|(name, token)| faults.keep(name, None, values::credential(token)));
    let token = match token {
        None => None,
        Some(token) => Some(Secret::new(token?)),
    };
    Some(AccessKey {
        id: id?.to_owned(),
        secret: Secret::new(secret?),
        token,
    })
}

/// One half of a pair, which must be there; `other` is the other half.
fn half<'r>(
    (name, value): (&'static str, Option<&'r str>),
    (other_name, other): (&'static str, Option<&str>),
    faults: &mut Faults,
) -> Option<&'r str> {
    let value = match (value, other) {
        (Some(value), _) => values::credential(value),
        (None, Some(_)) => Err(format!(
            "is not set, while {other_name} is: set both, from one key pair"
        )),
        (None, None) => Err(format!(
            "is not set: set it, or ALIBABA_CLOUD_{}",
            name.to_ascii_uppercase()
        )),
    };
    faults.keep(name, None, value)
}

impl Pair<'_> {
    fn is_unset(&self) -> bool {
        self.id.1.is_none() && self.secret.1.is_none()
    }
}
