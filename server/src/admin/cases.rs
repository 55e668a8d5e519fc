//! Cases: erasing what has to disappear.

use ayumi_protocol::body::ErasureReason;
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::CaseId;
use ayumi_protocol::problem::ProblemCode;

use super::failed;
use crate::cases::erasure::{self, Erased};
use crate::server::Server;
use crate::store::Fault;

pub(super) async fn erase(
    server: &Server,
    case: &str,
    audience: Audience,
    seq: i64,
    reason: ErasureReason,
) -> Result<String, String> {
    let case_id = CaseId::parse(case).ok_or("it is no id of a case: `admin case-list` shows them")?;
    let target_seq = Seq::new(seq).ok_or("the place of an entry is a number from 1 on")?;
    let log = LogName { case_id, audience };
    let erased = erasure::erase(server, log, target_seq, reason).await;
    match erased {
        Ok(Erased::Now(seq)) => Ok(format!(
            "erased; entry {} of the log says so, and its pictures go with the next run of the collector",
            seq.number()
        )),
        Ok(Erased::Before) => Ok("it had been erased before".to_owned()),
        Err(Fault::Refused(refused)) if refused.code == ProblemCode::NotFound => {
            Err("there is no such entry".to_owned())
        }
        Err(Fault::Refused(refused)) if refused.code == ProblemCode::InvalidValue => {
            Err("that entry tells of an erasure itself and has nothing to erase".to_owned())
        }
        Err(fault) => Err(failed(&fault)),
    }
}
