//! What a verbose run prints of the first anomaly.

use super::Run;
use crate::oracle::{self, PhoneEvent, ServerEvent};

impl Run {
    /// Prints what happened to the operations of the first anomaly.
    pub(super) fn explain(&self) {
        let Some(anomaly) = self.outcome.anomalies.first() else {
            return;
        };
        eprintln!("{anomaly}");
        for record in &self.recorder.history.records {
            let line = match &record.what {
                oracle::Happening::Server(ServerEvent::Appended(entry)) if entry.device == anomaly.device => {
                    format!(
                        "entry {:?} {} {:?} op {:x}",
                        entry.log.audience, entry.seq, entry.kind, entry.op
                    )
                }
                oracle::Happening::Server(ServerEvent::Restored { heads, .. }) => {
                    format!("restored {:?}", heads.values())
                }
                oracle::Happening::Phone(device, PhoneEvent::Enqueued(enqueue))
                    if Some(*device) == anomaly.device =>
                {
                    format!(
                        "enqueued {:?} {:?} {} op {:x}",
                        enqueue.lane, enqueue.kind, enqueue.local_order, enqueue.op
                    )
                }
                oracle::Happening::Server(ServerEvent::Access {
                    account,
                    log,
                    granted,
                    ..
                }) => {
                    format!(
                        "access of {account:x} to {:x} {:?}: {granted}",
                        log.case, log.audience
                    )
                }
                oracle::Happening::Phone(device, PhoneEvent::CaseLost(case))
                    if Some(*device) == anomaly.device =>
                {
                    format!("lost {case:x}")
                }
                oracle::Happening::Phone(device, PhoneEvent::RestoredFromBackup { backup })
                    if Some(*device) == anomaly.device =>
                {
                    format!("set back to {backup}")
                }
                oracle::Happening::Phone(
                    device,
                    PhoneEvent::SentAgain { op, local_order } | PhoneEvent::Confirmed { op, local_order },
                ) if Some(*device) == anomaly.device => {
                    format!("again {local_order} op {op:x}")
                }
                _ => continue,
            };
            eprintln!("{:>9} {line}", record.at_ms);
        }
        for record in &self.recorder.history.records {
            let is_screen = matches!(record.what, oracle::Happening::Phone(_, PhoneEvent::Shown(_)));
            let text = format!("{:?}", record.what);
            let is_near = record.at_ms <= anomaly.at_ms && record.at_ms + 60_000 > anomaly.at_ms;
            let is_of_phone = match &record.what {
                oracle::Happening::Phone(device, _) => Some(*device) == anomaly.device,
                oracle::Happening::Server(_) | oracle::Happening::World(_) => false,
            };
            // What concerns no operation is a matter of the minute before.
            let concerns = if anomaly.ops.is_empty() {
                is_near && is_of_phone
            } else {
                anomaly.ops.iter().any(|op| text.contains(&op.to_string()))
            };
            if !is_screen && concerns {
                eprintln!("{:>9} {text}", record.at_ms);
            }
        }
        for made in &self.world.as_ref().expect("a world").phones {
            let is_concerned = Some(made.device) == anomaly.device;
            let Some(process) = made.process.as_ref().filter(|_| is_concerned) else {
                continue;
            };
            eprintln!("{}, account {:x}:", made.name, made.account);
            for outgoing in process.app.outbox().expect("an outbox") {
                eprintln!(
                    "waits {} {:?} {:?} {:?} attempts {} unresolved {} behind {:?} because {:?}",
                    outgoing.operation.op_id,
                    outgoing.log,
                    outgoing.lane,
                    outgoing.state,
                    outgoing.attempts,
                    outgoing.unresolved,
                    outgoing.depends_on,
                    outgoing.park_reason
                );
            }
        }
    }
}
