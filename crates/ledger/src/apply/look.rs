//! How things stand for a call, before it is asked for.

use domain::{NanoUsd, Timestamp};

use crate::command::HaltKind;
use crate::counter::Room;
use crate::draft::Draft;
use crate::ledger::Ledger;
use crate::outcome::{Binding, Outlook};
use crate::refusal::Stopped;
use crate::subject::Subject;
use crate::terms::Action;

impl Ledger {
    /// How things stand for a call. Nothing changes.
    ///
    /// # Errors
    /// [`Stopped::Missing`] where more of the ledger is needed; [`Stopped::Refused`] for a
    /// moment outside of the calendar.
    pub fn outlook(&self, subject: &Subject, now: Timestamp) -> Result<Outlook, Stopped> {
        let mut draft = Draft::new(self, now);
        let applied = draft.applied(subject)?;
        let mut outlook = Outlook {
            killed: draft.halted(subject, HaltKind::Kill),
            frozen: draft.halted(subject, HaltKind::Freeze),
            ..Outlook::default()
        };
        let moment = draft.moment(applied.iter().map(|it| &it.key));
        for it in applied {
            let budget = draft.bring(&it.key, Some(&it.terms), moment)?;
            let reached = it.terms.thresholds.iter().filter(|at| budget.counter.has_reached(at.mark, moment));
            for at in reached.filter(|it| !matches!(it.action, Action::Notify | Action::Refuse)) {
                if at.action == Action::Clamp {
                    let left = budget.counter.left().max(NanoUsd::ZERO);
                    let least = outlook.clamped_to.map_or(left, |known| known.min(left));
                    outlook.clamped_to = Some(least);
                }
                outlook.actions.push((it.key.clone(), at.action.clone()));
            }
            let room = budget.counter.room(&it.terms, moment);
            let is_tighter =
                |room: &Room| outlook.room.as_ref().is_none_or(|(_, known)| room.amount < known.amount);
            if let Some(room) = room.filter(is_tighter) {
                let counter = &budget.counter;
                let (allocation, spent) = (counter.allocation(), counter.spent);
                outlook.binding = Some(Binding { allocation, spent, resets: counter.window.end });
                outlook.room = Some((it.key, room));
            }
        }
        Ok(outlook)
    }

    /// The most that would be granted to a call; none where nothing forbids anything.
    ///
    /// # Errors
    /// As [`Ledger::outlook`].
    pub fn available(&self, subject: &Subject, now: Timestamp) -> Result<Option<NanoUsd>, Stopped> {
        self.outlook(subject, now).map(|it| it.available())
    }
}
