//! A price book and perhaps a contract: what calls are priced with.

use domain::{ModelName, Price, Provider, Terms, Timestamp, Unpriced};

use crate::contract::Contract;
use crate::cost::{self, Used};
use crate::derivation::Derivation;
use crate::digest;
use crate::price_book::{PriceBook, ResolvedModel};

/// Prices calls.
#[derive(Debug, Clone)]
pub struct Pricer {
    book: PriceBook,
    contract: Option<Contract>,
    digest: String,
}

impl Pricer {
    /// With a book, and a contract on top of it.
    #[must_use]
    pub fn new(book: PriceBook, contract: Option<Contract>) -> Self {
        let digest = match &contract {
            Some(contract) => digest::sha256_hex(&[book.digest(), contract.digest()]),
            None => book.digest().to_owned(),
        };
        Self { book, contract, digest }
    }

    /// The digest of book and contract together, as 64 hex digits. Figures with the
    /// same digest were priced alike.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The digest's first digits, for people.
    #[must_use]
    pub fn short_digest(&self) -> &str {
        digest::short(&self.digest)
    }

    /// The book.
    #[must_use]
    pub const fn book(&self) -> &PriceBook {
        &self.book
    }

    /// The contract.
    #[must_use]
    pub const fn contract(&self) -> Option<&Contract> {
        self.contract.as_ref()
    }

    /// The model that a name means, where the book lists it. Look a name up once and
    /// keep the answer: this takes microseconds, pricing a tenth of one.
    #[must_use]
    pub fn resolve(&self, model: &ModelName, provider: Option<&Provider>) -> Option<ResolvedModel> {
        self.book.resolve(model, provider)
    }

    /// What a call costs.
    ///
    /// # Errors
    /// [`Unpriced`]: the model is unknown, it had no price then, it has no rate for
    /// something that was used, or the amount does not fit.
    pub fn price<'a>(
        &self,
        model: Option<&ResolvedModel>,
        at: Timestamp,
        used: impl Into<Used<'a>>,
        terms: &Terms,
    ) -> Result<Price, Unpriced> {
        let model = model.ok_or(Unpriced::UnknownModel)?;
        cost::reckon(model, self.contract.as_ref(), at, used.into(), *terms).map(|reckoning| reckoning.price)
    }

    /// The same figure with every step that led to it.
    ///
    /// # Errors
    /// As [`Self::price`].
    pub fn derive<'a>(
        &self,
        model: Option<&ResolvedModel>,
        at: Timestamp,
        used: impl Into<Used<'a>>,
        terms: &Terms,
    ) -> Result<Derivation, Unpriced> {
        let model = model.ok_or(Unpriced::UnknownModel)?;
        let reckoning = cost::reckon(model, self.contract.as_ref(), at, used.into(), *terms)?;
        let contract_name = self.contract.as_ref().map_or("", Contract::name);
        Derivation::of(&reckoning, model, &self.book, contract_name, &self.digest)
            .map_err(|_| Unpriced::OutOfRange)
    }
}
