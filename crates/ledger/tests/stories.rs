//! One story a subject.

use insta::assert_snapshot;

use crate::desk::tell;

#[test]
fn a_refusal_says_what_is_short_and_what_to_do() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set team/web 40 month below org owner lee@example.com
        set developer/* 10 month owner lee@example.com
        reserve a 4 developer/Ann@example.com team/web
        reserve a 4 developer/ann@example.com team/web
        reserve a 5 developer/ann@example.com team/web
        reserve b 7.001 developer/ann@example.com team/web
        reserve b 6 developer/ann@example.com team/web
        reserve c 10 developer/bob@example.com team/web
        reserve d 10.5 developer/bob@example.com team/web
        show developer/ann@example.com month
        show team/web month
        set developer/ann@example.com 30 month below team/web
        reserve e 20 developer/ann@example.com team/web
        reserve f 0.01 developer/ann@example.com team/web
        reserve g 3 model/big-1
        reserve h -1 org"
    ));
}

#[test]
fn a_reservation_ends_once() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 10 month
        reserve a 4
        settle a 1.5
        show org month
        settle a 1.5
        settle a 2
        release a
        expire a
        reserve b 4
        release b
        release b
        settle b 1
        reserve c 4
        expire c
        at 2026-03-02T10:00
        expire c
        expire c
        show org month
        settle c 3
        settle c 3
        settle c 2
        show org month
        settle nobody 1
        at 2026-03-12T10:00
        settle a 1.5"
    ));
}

#[test]
fn more_than_was_reserved_is_an_overrun() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 10 month
        set team/web 5 month soft
        reserve a 4 team/web
        reserve b 5 team/web
        settle a 7
        show org month
        book call-0 1
        reserve c 0.1 team/web
        release b
        show org month
        reserve c 3 team/web
        book call-1 2 team/web
        book call-1 2 team/web
        book call-1 3 team/web
        show org month
        show team/web month
        reserve d 0.000000001"
    ));
}

#[test]
fn thresholds_are_told_once_a_period() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month at 50 notify at 80 use small-1 for big-* at 90 clamp
        look model/big-1
        book a 49
        book b 32
        book c 1
        look model/big-1
        book d 10
        look model/big-1
        reserve e 9
        at 2026-04-01T00:00
        look model/big-1
        book f 50
        set team/web 10 month at 70 refuse
        reserve g 8 team/web
        reserve g 7 team/web
        set team/app 10 month soft at 100 allow_overrun
        reserve h 15 team/app
        settle h 15
        set team/ios 10 month at 100 allow_overrun
        set team/ios 10 day at forecast notify
        set team/ios 10 month at 0 notify
        set team/ios -1 month"
    ));
}

#[test]
fn a_forecast_looks_at_working_time() {
    assert_snapshot!(tell(
        "at 2026-03-02T00:00
        set org 210 month at forecast refuse
        set team/web 210 month soft at forecast notify
        at 2026-03-02T12:00
        book a 20 team/web
        at 2026-03-03T12:00
        book b 1 team/web
        reserve c 1 team/web
        at 2026-03-10T00:00
        reserve c 1 team/web"
    ));
}

#[test]
fn a_budget_may_be_spread_over_working_days() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set developer/ann 42 month paced owner lee
        look developer/ann
        reserve a 3 developer/ann
        reserve a 1.5 developer/ann
        reserve b 1 developer/ann
        settle a 1
        reserve b 1 developer/ann
        look developer/ann
        at 2026-03-03T09:00
        look developer/ann
        at 2026-03-06T09:00
        look developer/ann
        at 2026-03-31T09:00
        look developer/ann
        at 2026-04-01T09:00
        look developer/ann
        set developer/ann 42 day paced
        set developer/ann 42 none carry"
    ));
}

#[test]
fn what_is_left_is_carried_where_it_is_agreed() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set team/web 10 month carry
        set team/app 10 month carry up-to 25
        set team/ios 10 month
        book a 4 team/web
        book b 4 team/app
        book c 4 team/ios
        at 2026-04-02T09:00
        book d 1 team/web
        book e 1 team/app
        book f 1 team/ios
        show team/web month
        show team/app month
        show team/ios month
        at 2026-07-02T09:00
        book g 1 team/web
        book h 1 team/app
        show team/web month
        show team/app month"
    ));
}

#[test]
fn money_moves_through_the_tree() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set team/web 40 month below org
        set team/app 40 month below org
        set developer/ann 20 month below team/web
        set developer/bob 20 month below team/app
        show org month
        admin moves 5 month developer/ann developer/bob
        show developer/ann month
        show developer/bob month
        show team/web month
        show team/app month
        show org month
        admin moves 15 month org developer/ann
        show org month
        show team/web month
        admin moves 10 month org team/web
        admin moves 5 month developer/ann org
        show org month
        reserve a 20 developer/ann team/web
        admin moves 10 month developer/ann developer/bob
        admin moves 5 month developer/ann team/web
        lead moves 21 month team/web team/app
        lead moves 20 month team/web team/app
        lead moves 11 month team/app team/web
        lead moves 1 month team/app team/web
        lead moves 1 month team/app team/web
        lead moves 1 month team/app team/web
        developer moves 1 month team/web team/app
        admin moves 1 month team/web team/web
        admin moves 1 month team/web repo/r
        admin moves 1 day team/web team/app
        at 2026-04-02T09:00
        reserve b 1 developer/ann team/web
        show developer/ann month
        show team/web month"
    ));
}

#[test]
fn promising_too_much_is_shown_or_refused() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set team/web 80 month below org strict
        set team/app 80 month below org
        show org month
        set developer/ann 50 month below team/web
        set developer/bob 40 month below team/web
        set developer/bob 30 month below team/web
        allocate 31 developer/bob month
        allocate 70 team/web month
        set org 100 month below developer/ann
        set org 100 month below team/*
        remove developer/bob month
        show team/web month
        remove developer/bob month
        allocate 70 team/web month
        allocate 1 developer/bob month"
    ));
}

#[test]
fn stops_hold_for_everything_below() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set team/web 50 month below org
        reserve a 1 team/web session/s1
        freeze team/web
        reserve b 1 team/web session/s1
        settle a 1
        admin moves 1 month org team/web
        kill session/*
        reserve b 1 team/web session/s1
        unkill session/*
        unfreeze team/web
        reserve b 1 team/web session/s1
        kill org
        look team/web
        kill org"
    ));
}

#[test]
fn more_is_asked_for_and_granted() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set developer/ann 10 month below org
        set developer/* 5 month
        ask more 20 developer/ann month
        ask more 20 developer/ann month
        approve more 21
        approve more 12 from org
        show developer/ann month
        show org month
        approve more 1
        ask too 2 developer/bob month
        deny too
        deny too
        ask bob 2 developer/bob month
        approve bob 2
        show developer/bob month
        ask none 2 team/web month
        approve none 2"
    ));
}

#[test]
fn the_clock_may_run_back() {
    assert_snapshot!(tell(
        "at 2026-03-31T23:59
        set org 10 month
        reserve a 9
        at 2026-04-01T00:01
        reserve b 9
        at 2026-03-31T23:58
        reserve c 9
        reserve d 1
        settle a 9
        show org month
        at 2026-04-01T00:02
        settle b 8
        show org month
        book late 1"
    ));
}

#[test]
fn calls_that_come_late_are_of_their_own_period() {
    assert_snapshot!(tell(
        "at 2026-03-30T09:00
        set org 10 month
        set org 5 day
        book a 1
        at 2026-04-02T09:00
        book-of 2026-03-31T12:00 b 2
        show org month
        show org day
        book-of 2026-03-30T12:00 c 9
        book-of 2026-05-30T12:00 d 1
        show org month
        at 2026-05-20T09:00
        book e 1
        at 2026-05-21T09:00
        book-of 2026-03-31T12:00 f 2"
    ));
}

#[test]
fn a_session_that_slept_long_begins_anew() {
    assert_snapshot!(tell(
        "at 2026-01-02T09:00
        set session/* 10 none
        book a 9 session/s1
        book b 9 session/s2
        at 2026-03-02T09:00
        book c 1 session/s2
        reserve d 1 session/s2
        at 2026-04-05T09:00
        show session/s1 none
        reserve e 10 session/s1
        reserve f 1 session/s2"
    ));
}

#[test]
fn the_last_of_what_is_not_promised_may_be_moved() {
    assert_snapshot!(tell(
        "at 2026-03-02T09:00
        set org 100 month
        set team/web 95 month below org
        admin moves 5.000000001 month org team/web
        admin moves 5 month org team/web
        show org month"
    ));
}

#[test]
fn a_period_that_is_over_tells_of_no_thresholds() {
    assert_snapshot!(tell(
        "at 2026-03-31T23:59
        set org 10 month at 50 notify
        reserve a 8
        at 2026-04-01T00:01
        settle a 8
        reserve b 8
        settle b 8"
    ));
}

#[test]
fn another_time_zone_leaves_no_gap_between_periods() {
    assert_snapshot!(tell(
        "at 2026-03-31T23:00
        set org 10 month
        book a 1
        zone Asia/Tokyo
        book b 1
        show org month
        at 2026-04-01T07:00
        book c 1
        show org month
        at 2026-05-01T00:00
        book d 1
        show org month"
    ));
}
