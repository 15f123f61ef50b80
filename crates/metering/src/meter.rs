//! Calls get their price.

use std::collections::HashMap;

use domain::{Call, Price, PricedCall, Service, Unpriced};
use pricing::{Pricer, ResolvedModel};

/// A pricer that remembers what each service's name means, since a few services
/// make all calls.
pub struct Meter {
    pricer: Pricer,
    resolved: HashMap<Service, Option<ResolvedModel>>,
}

impl Meter {
    /// Prices with these prices.
    #[must_use]
    pub fn new(pricer: Pricer) -> Self {
        Self { pricer, resolved: HashMap::new() }
    }

    /// The prices themselves, for whoever explains or compares.
    #[must_use]
    pub const fn pricer(&self) -> &Pricer {
        &self.pricer
    }

    /// The call with its price.
    #[must_use]
    pub fn price(&mut self, call: Call) -> PricedCall {
        let price = self.price_of(&call);
        PricedCall { call, price }
    }

    fn price_of(&mut self, call: &Call) -> Result<Price, Unpriced> {
        let service = call.figures.service();
        let pricer = &self.pricer;
        let resolved = self
            .resolved
            .entry(service)
            .or_insert_with_key(|service| pricer.resolve(&service.model, service.provider.as_ref()));
        pricer.price(resolved.as_ref(), call.at, &call.figures, &call.figures.terms)
    }
}
