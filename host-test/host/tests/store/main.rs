//! What every store promises, whatever database keeps it. Each fact asks the store's traits alone; an adapter brings a [`ground::Ground`] and one
//! line in [`kept_by!`], and is held to all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod deliveries;
mod fences;
mod ground;
#[allow(dead_code, reason = "made for the facts of this host")]
#[path = "../facts/make.rs"]
mod make;
mod orders;
mod pages;
mod sqlite;
mod turns;

/// Makes a test of each fact, on this kind of ground.
macro_rules! kept_by {
    ($adapter:ident, $ground:ty: $($topic:ident { $($fact:ident),* $(,)? })*) => {
        mod $adapter {
            pub(super) mod kept {
                $(mod $topic {
                    $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $fact() {
                        crate::$topic::$fact(&<$ground>::new()).await;
                    })*
                })*
            }
        }
    };
}

mod by {
    kept_by! { the_sqlite_store, crate::sqlite::SqliteGround:
        deliveries {
            a_thousand_identical_deliveries_at_once_leave_one_pending_refresh,
            there_and_back_again_is_three_facts,
            a_kept_delivery_is_taken_in_once,
        }
        orders {
            a_thousand_identical_events_at_once_leave_one_that_waits,
            what_cannot_be_queued_is_not_kept,
            an_order_that_has_to_wait_keeps_no_other_waiting,
            a_replay_keeps_the_order_of_an_order_s_events,
            an_edit_that_goes_nowhere_overtakes_nothing,
            an_own_id_is_given_once,
            an_order_is_bound_in_one_piece,
        }
        turns {
            a_connection_is_worked_for_by_one_worker_at_a_time,
            a_claim_never_returns_a_connection_that_somebody_else_leases,
            a_lease_that_ran_out_gives_its_work_back,
            a_worker_that_beats_in_time_keeps_its_lease,
            connections_take_turns,
            what_is_given_back_is_free_at_once,
            idle_connections_are_nothing_to_do,
            two_pieces_with_one_key_never_run_at_once,
        }
        fences {
            a_stalled_worker_s_late_words_about_its_work_are_refused,
            a_stalled_worker_s_late_writes_are_refused,
            the_same_name_is_not_the_same_worker,
        }
        pages {
            a_cursor_is_never_ahead_of_its_rows,
            a_page_of_an_earlier_grant_is_thrown_away,
            refreshes_of_many_connections_are_joined_together_or_not_at_all,
            one_stream_is_pulled_once_at_a_time,
        }
    }
}
