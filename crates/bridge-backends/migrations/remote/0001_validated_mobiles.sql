-- What the remote (Supabase, or any PostgreSQL) needs for SMS Bridge. Run it once, as the owner of the
-- schema "public"; running it again changes nothing. The bridge calls the function and touches nothing else.

create table if not exists public.validated_mobiles (
    mobile_number    text        not null,
    device_id        text        not null default '',
    mobile_validated boolean     not null default false,
    validated_at     timestamptz,
    sms_id           uuid,
    updated_at       timestamptz not null default now(),
    primary key (mobile_number, device_id)
);

comment on table public.validated_mobiles is 'Mobile numbers that SMS Bridge has validated. Only the bridge writes here.';

-- Nobody sees a number but who has the service key: a list of numbers is personal data. An app that must know
-- whether its own user is validated asks its backend, or gets a policy of its own written for that.
alter table public.validated_mobiles enable row level security;

-- Writes rows in their order and answers for each: null where the row is there now, else why it is refused.
-- A row that is TRUE already is never touched. A row that is refused by itself (a constraint, a trigger, a
-- policy) stops no other; whatever is no row's fault ends the call, and nothing of it is kept.
create or replace function public.push_validated_mobiles(batch jsonb) returns jsonb
    language plpgsql
    security invoker
    set search_path = ''
as $$
declare
    entry   jsonb;
    kept    boolean;
    answers jsonb := '[]';
begin
    -- Said once for all: without these rights no row is to blame.
    if not (has_table_privilege('public.validated_mobiles', 'select')
        and has_table_privilege('public.validated_mobiles', 'insert')
        and has_table_privilege('public.validated_mobiles', 'update')) then
        raise insufficient_privilege using message = 'permission denied for table validated_mobiles';
    end if;
    for entry in select value from jsonb_array_elements(batch) with ordinality order by ordinality loop
        begin
            insert into public.validated_mobiles as known
                (mobile_number, device_id, mobile_validated, validated_at, sms_id)
            values (
                entry ->> 'mobile_number',
                entry ->> 'device_id',
                true,
                (entry ->> 'validated_at')::timestamptz,
                (entry ->> 'sms_id')::uuid
            )
            on conflict (mobile_number, device_id) do update
                set mobile_validated = true,
                    validated_at = excluded.validated_at,
                    sms_id = excluded.sms_id,
                    updated_at = now()
                where not known.mobile_validated;
            -- Also where a trigger let nothing through.
            select mobile_validated into kept from public.validated_mobiles
                where mobile_number = entry ->> 'mobile_number' and device_id = entry ->> 'device_id';
            answers := answers || case when kept then 'null'::jsonb else to_jsonb('the table did not keep it'::text) end;
        exception when others then
            -- Data, constraints, check options, what triggers raise, and row-level security.
            if left(sqlstate, 2) in ('22', '23', '44', 'P0') or sqlstate = '42501' then
                answers := answers || to_jsonb(sqlstate || ' ' || sqlerrm);
            else
                raise;
            end if;
        end;
    end loop;
    return answers;
end;
$$;

comment on function public.push_validated_mobiles is 'Called by SMS Bridge; an empty batch asks whether it may write.';

-- Least rights. Supabase grants everything in "public" to its roles by default, so it is taken back first.
revoke all on table public.validated_mobiles from public;
revoke all on function public.push_validated_mobiles from public;

do $$
declare
    role name;
begin
    for role in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
        execute format('revoke all on table public.validated_mobiles from %I', role);
        execute format('revoke all on function public.push_validated_mobiles from %I', role);
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
        grant select, insert, update on table public.validated_mobiles to service_role;
        grant execute on function public.push_validated_mobiles to service_role;
        -- Supabase lets this role pass row-level security; elsewhere the policy says what it may.
        drop policy if exists "the bridge writes" on public.validated_mobiles;
        create policy "the bridge writes" on public.validated_mobiles
            for all to service_role using (true) with check (true);
    end if;
end;
$$;

-- PostgREST learns of the function.
notify pgrst, 'reload schema';
