//! Faults by chance, the same for the same seed.

use super::rule::{Answer, Of, Portion, Treatment};

/// How often a request meets a fault, in thousandths. The rest passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Lost before the server.
    pub request_lost: u16,
    /// Cut anywhere in its body.
    pub request_cut: u16,
    /// The answer lost after the server.
    pub response_lost: u16,
    /// The answer cut anywhere in its first KiB.
    pub response_cut: u16,
    /// Delivered twice.
    pub duplicated: u16,
    /// 502, 503, 504, 520 or 529 instead of the server.
    pub error_before: u16,
    /// The same after the server answered.
    pub error_after: u16,
    /// 429 with `Retry-After: 1`.
    pub throttled: u16,
    /// 200 with a page for people.
    pub captive_portal: u16,
}

impl Rates {
    /// Every fault in 30 of 1,000 requests: about a quarter of all requests goes wrong.
    pub const ROUGH: Self = Self {
        request_lost: 30,
        request_cut: 30,
        response_lost: 30,
        response_cut: 30,
        duplicated: 30,
        error_before: 30,
        error_after: 30,
        throttled: 30,
        captive_portal: 30,
    };
}

/// Makes the fault from a second throw.
type Fault = fn(u64) -> Treatment;

/// One step of `SplitMix64` (Steele, Lea, Flood 2014).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What happens to the `nth` request with this method and path.
///
/// Drawn from what the request is, not from when it arrives: requests side by side do not change each other's fate.
pub(super) fn draw(seed: u64, rates: Rates, method: &str, path: &str, nth: u64) -> Treatment {
    let named = method
        .bytes()
        .chain(path.bytes())
        .fold(mixed(seed), |so_far, byte| mixed(so_far ^ u64::from(byte)));
    let first = mixed(named ^ mixed(nth));
    let second = mixed(first);
    let faults: [(u16, Fault); 9] = [
        (rates.request_lost, |_| Treatment::RequestLost),
        (rates.request_cut, |dice| {
            Treatment::RequestCut(Portion::Percent((dice % 100) as u8))
        }),
        (rates.response_lost, |_| Treatment::ResponseLost),
        (rates.response_cut, |dice| {
            Treatment::ResponseCut((dice % 1024) as usize)
        }),
        (rates.duplicated, |dice| {
            Treatment::Duplicated(if dice % 2 == 0 { Of::First } else { Of::Second })
        }),
        (rates.error_before, |dice| error(dice, false)),
        (rates.error_after, |dice| error(dice, true)),
        (rates.throttled, |_| {
            said(429, &[("retry-after", "1")], "slow down\n", false)
        }),
        (rates.captive_portal, |_| {
            said(
                200,
                &[("content-type", "text/html")],
                "<!doctype html><p>Welcome",
                false,
            )
        }),
    ];
    let mut roll = first % 1000;
    for (rate, fault) in faults {
        let rate = u64::from(rate);
        if roll < rate {
            return fault(second);
        }
        roll -= rate;
    }
    Treatment::Pass
}

fn error(dice: u64, after_server: bool) -> Treatment {
    let status = [502, 503, 504, 520, 529][(dice % 5) as usize];
    said(
        status,
        &[("content-type", "text/plain")],
        "bad gateway\n",
        after_server,
    )
}

fn said(status: u16, headers: &[(&str, &str)], body: &str, after_server: bool) -> Treatment {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Treatment::Says {
        answer: Answer {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        },
        after_server,
    }
}
