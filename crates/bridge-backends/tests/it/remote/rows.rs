//! What becomes of rows at a remote that works.

use bridge_store::remote::Pushed;
use test_servers::supabase;

use super::stage::{Stage, reason, row};

fn is_refused(pushed: &Pushed, words: &[&str]) -> bool {
    matches!(pushed, Pushed::Refused(reason) if words.iter().all(|word| reason.contains(word)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_there_once_however_often_it_is_pushed_and_true_is_never_touched() {
    let Some(stage) = Stage::open("remote: rows") else { return };
    stage.sql(
        "insert into public.validated_mobiles (mobile_number, mobile_validated, validated_at, sms_id, updated_at)
         values ('+441', true, '2020-01-01', '00000000-0000-0000-0000-0000000000aa', '2020-01-01'),
                ('+442', false, null, null, '2020-01-01')",
    );
    let before = stage.table();
    for (way, remote) in stage.ways() {
        remote.ping().await.unwrap();
        assert_eq!(stage.table(), before, "{way}: a ping writes nothing");
    }
    let rows = [row("+441", "", 1), row("+442", "", 2), row("+443", "phone", 3), row("+443", "phone", 4)];
    let mut times = Vec::new();
    for (way, remote) in stage.ways() {
        for _ in 0..3 {
            assert_eq!(remote.push(&rows).await.unwrap(), vec![Pushed::Stored; 4], "{way}");
        }
        assert_eq!(
            stage.table(),
            "+441||t|00000000-0000-0000-0000-0000000000aa\n\
             +442||t|00000000-0000-0000-0000-000000000002\n\
             +443|phone|t|00000000-0000-0000-0000-000000000003",
            "{way}"
        );
        times.push(stage.sql("select updated_at, validated_at from public.validated_mobiles order by 1"));
    }
    assert!(times[0].contains("2026-01-31 12:00:00.123+00"), "{times:?}");
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_by_itself_stops_no_other() {
    let Some(stage) = Stage::open("remote: refused rows") else { return };
    stage.sql(
        "alter table public.validated_mobiles add constraint only_real check (mobile_number <> '+440');
         create function public.object() returns trigger language plpgsql as $$ begin
             if new.device_id = 'raise' then raise exception 'this device of % is not ours', new.mobile_number; end if;
             if new.device_id = 'swallow' then return null; end if;
             return new;
         end $$;
         create trigger object before insert on public.validated_mobiles for each row execute function public.object()",
    );
    let rows = [
        row("+441", "", 1),
        row("+440", "", 2),
        row("+442071838750", "raise", 3),
        row("+443", "swallow", 4),
        // No JSON of PostgreSQL can hold it, so the whole call fails.
        row("+444", "nul \0", 5),
        row("+445", "a \"quoted\" \\ 漢字 device", 6),
    ];
    for (way, remote) in stage.ways() {
        stage.sql("truncate public.validated_mobiles");
        let pushed = remote.push(&rows).await.unwrap();
        assert_eq!((&pushed[0], &pushed[5]), (&Pushed::Stored, &Pushed::Stored), "{way}: {pushed:?}");
        assert!(is_refused(&pushed[1], &["23514", "only_real"]), "{way}: {pushed:?}");
        assert!(is_refused(&pushed[2], &["P0001", "of +*** is not ours"]), "{way}: {pushed:?}");
        assert!(is_refused(&pushed[3], &["did not keep"]), "{way}: {pushed:?}");
        assert!(is_refused(&pushed[4], &["22P05"]), "{way}: {pushed:?}");
        assert_eq!(
            stage.table(),
            "+441||t|00000000-0000-0000-0000-000000000001\n\
             +445|a \"quoted\" \\ 漢字 device|t|00000000-0000-0000-0000-000000000006",
            "{way}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_found_and_erased_and_what_came_later_stays() {
    let Some(stage) = Stage::open("remote: one person") else { return };
    for (way, remote) in stage.ways() {
        stage.sql("truncate public.validated_mobiles");
        let rows = [row("+441", "a", 1), row("+441", "b \"quoted\"", 2), row("+442", "", 3)];
        assert_eq!(remote.push(&rows).await.unwrap(), vec![Pushed::Stored; 3], "{way}");
        let found = remote.find("+441").await.unwrap();
        let devices: Vec<_> = found.iter().map(|row| row["device_id"].as_str().unwrap()).collect();
        assert_eq!(devices, ["a", "b \"quoted\""], "{way}: {found:?}");
        assert!(remote.find("+449").await.unwrap().is_empty(), "{way}");
        let validated_at = rows[0].validated_at;
        assert_eq!(remote.erase("+441", validated_at - bridge_core::Span(1)).await.unwrap(), 0, "{way}");
        assert_eq!(remote.erase("+441", validated_at).await.unwrap(), 2, "{way}");
        assert_eq!(remote.erase("+441", validated_at).await.unwrap(), 0, "{way}");
        assert_eq!(stage.table(), "+442||t|00000000-0000-0000-0000-000000000003", "{way}");
    }
    // A remote that was set up before there was anything to erase says what to do.
    stage.sql("drop function public.erase_validated_mobile");
    let why = reason(stage.postgres().erase("+442", row("+442", "", 1).validated_at).await);
    assert!(why.contains("--remote-sql") && !why.contains("+442"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_level_security_refuses_rows_and_missing_rights_pause() {
    let Some(stage) = Stage::open("remote: policies") else { return };
    // A role of an operator's own, for which row-level security holds.
    stage.sql(
        "create role bridge login password 'secret';
         grant select, insert, update on public.validated_mobiles to bridge;
         grant execute on function public.push_validated_mobiles to bridge;
         create policy only_britain on public.validated_mobiles for all to bridge
             using (true) with check (mobile_number like '+44%')",
    );
    let url = stage.database.url_of("postgres").replace("postgres@", "bridge:secret@");
    let remote = bridge_backends::remote::open(&url, None).unwrap();
    let pushed = remote.push(&[row("+911", "", 1), row("+441", "", 2)]).await.unwrap();
    assert!(is_refused(&pushed[0], &["42501", "row-level security"]), "{pushed:?}");
    assert_eq!(pushed[1], Pushed::Stored);

    stage.sql("revoke update on public.validated_mobiles from bridge");
    assert!(reason(remote.ping().await).contains("permission denied"));
    assert!(reason(remote.push(&[row("+443", "", 3)]).await).contains("42501"));

    for role in [supabase::ANON, supabase::AUTHENTICATED] {
        let remote = stage.postgrest(role);
        let reason = reason(remote.push(&[row("+443", "", 3)]).await);
        assert!(reason.contains("refuses the key"), "{role}: {reason}");
        let seen = stage.sql(&format!(
            "select has_table_privilege('{role}', 'public.validated_mobiles', 'select, insert, update, delete, truncate')"
        ));
        assert_eq!(seen, "f", "{role}");
    }
    assert_eq!(
        stage.sql("select has_table_privilege('service_role', 'public.validated_mobiles', 'delete')"),
        "f"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_at_once_and_what_no_row_is_to_blame_for() {
    let Some(stage) = Stage::open("remote: many rows") else { return };
    let rows: Vec<_> = (0..500_u16).map(|n| row(&format!("+4420{n:04}"), "", n.into())).collect();
    for (way, remote) in stage.ways() {
        assert_eq!(remote.push(&rows).await.unwrap(), vec![Pushed::Stored; 500], "{way}");
        assert_eq!(remote.push(&[]).await.unwrap(), [], "{way}");
    }
    assert_eq!(stage.sql("select count(*) from public.validated_mobiles"), "500");

    // Somebody else holds a row for too long: the whole call fails, and nothing of it is kept.
    stage.sql("alter database postgres set lock_timeout = '100ms'");
    let remote = stage.postgres();
    let holder = std::thread::scope(|scope| {
        let hold = "begin; delete from public.validated_mobiles where mobile_number = '+44200007'; select pg_sleep(3)";
        let held = scope.spawn(|| stage.database.sql("postgres", hold));
        let waits = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        test_servers::poll::until(std::time::Duration::from_secs(10), || {
            (stage.sql(waits) == "1").then_some(())
        });
        let pushed = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current()
                .block_on(remote.push(&[row("+449", "", 9), row("+44200007", "", 7)]))
        });
        assert!(reason(pushed).contains("55P03"));
        held.join()
    });
    holder.unwrap().unwrap();
    assert_eq!(stage.sql("select count(*) from public.validated_mobiles where mobile_number = '+449'"), "0");
}
