-- One person at the remote: what is kept of a number, and its removal. Run as the owner of the schema "public", after
-- the table; running it again changes nothing. The bridge itself has no right to delete rows: the function has.

create or replace function public.find_validated_mobile(batch jsonb) returns jsonb
    language sql
    stable
    security invoker
    set search_path = ''
as $$
    select coalesce(jsonb_agg(to_jsonb(known) order by known.device_id), '[]'::jsonb)
    from public.validated_mobiles known
    where known.mobile_number = batch ->> 'mobile_number';
$$;

-- Answers how many rows went: those that were validated until then.
create or replace function public.erase_validated_mobile(batch jsonb) returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    gone bigint;
begin
    delete from public.validated_mobiles known
        where known.mobile_number = batch ->> 'mobile_number'
            and (known.validated_at is null or known.validated_at <= (batch ->> 'until')::timestamptz);
    get diagnostics gone = row_count;
    return to_jsonb(gone);
end;
$$;

comment on function public.find_validated_mobile is 'Called by SMS Bridge when a person asks what is kept of them.';
comment on function public.erase_validated_mobile is 'Called by SMS Bridge when a person is erased.';

revoke all on function public.find_validated_mobile from public;
revoke all on function public.erase_validated_mobile from public;

do $$
declare
    role name;
begin
    for role in select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
        execute format('revoke all on function public.find_validated_mobile from %I', role);
        execute format('revoke all on function public.erase_validated_mobile from %I', role);
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
        grant execute on function public.find_validated_mobile, public.erase_validated_mobile to service_role;
    end if;
end;
$$;

notify pgrst, 'reload schema';
