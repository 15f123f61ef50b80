//! Sessions put together from what several reporters say of them.

use domain::SessionTally;

use crate::delivery::TallyReport;

/// The sessions of these reports, which are in the order of tool and session.
pub(crate) fn put_together(reports: Vec<TallyReport>) -> Vec<SessionTally> {
    let mut sessions: Vec<SessionTally> = Vec::new();
    for TallyReport { tally, .. } in reports {
        match sessions.last_mut() {
            Some(last) if last.tool == tally.tool && last.session == tally.session => last.join(&tally),
            _ => sessions.push(tally),
        }
    }
    sessions
}
