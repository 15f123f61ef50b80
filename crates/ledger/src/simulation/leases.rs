//! Gateways with leases.
