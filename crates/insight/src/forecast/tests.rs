//! Forecasts of made-up histories, at a known moment.

use super::*;
use crate::fixtures::{NOW, at, berlin, company};

#[test]
fn x() {
    let f =
        forecast(&Query::total(berlin()), &company().book(), &Plan::default(), at(NOW)).expect("a forecast");
    println!("{f:#?}");
}
