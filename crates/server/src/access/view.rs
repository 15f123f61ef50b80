//! What one sees of the book.

use domain::Dimension;

use crate::failure::Failure;
use crate::figures::sight::Sight;

/// What a reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Whose calls.
    pub(crate) sight: Sight,
    /// Whether developers and sessions are told apart.
    pub(crate) individuals: bool,
}

/// What tells individuals apart.
const INDIVIDUAL: [Dimension; 2] = [Dimension::Developer, Dimension::Session];

impl View {
    /// Refuses a cut or a filter that would show individuals to who does not see them.
    pub(crate) fn allows(&self, mut dimensions: impl Iterator<Item = Dimension>) -> Result<(), Failure> {
        match dimensions.find(|it| !self.individuals && INDIVIDUAL.contains(it)) {
            Some(dimension) => Err(Failure::IndividualsHidden { what: dimension.name() }),
            None => Ok(()),
        }
    }

    /// Refuses what is about individuals altogether.
    pub(crate) const fn must_show_individuals(&self, what: &'static str) -> Result<(), Failure> {
        if self.individuals { Ok(()) } else { Err(Failure::IndividualsHidden { what }) }
    }
}
