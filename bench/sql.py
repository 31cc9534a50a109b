# SPDX-License-Identifier: MIT
"""The scripts that sqlite3 is given. `mixed` is of statements as people have
them in scripts: tables filled row by row, by many rows and by queries, then
indexed, joined, grouped, sorted, changed and thinned out. `inserts` is nothing
but small statements, each of which is parsed, run and forgotten: far more
allocations in the same time."""

import random

WORDS = [a + b for a in "ba ke li mo nu ra se ti vo zu".split()
         for b in "nd rk st ll mp x".split()]

TABLES = """\
create table customer(id integer primary key, name text, city text);
create table item(id integer primary key, label text, price real, note text);
create table sale(id integer primary key, customer int, item int,
  count int, day text, remark text);
create index sale_customer on sale(customer);
begin;
"""
ITEMS = """\
insert into item(label, price, note)
  with recursive c(x) as (select 1 union all select x + 1 from c
    where x < {items})
  select printf('item %05d', x), (x * 7919 % 10007) / 100.0,
    upper(hex(x * 2654435761)) from c;
"""
# What order the rows come in is said wherever they are printed.
WORK = """\
commit;
create index sale_day on sale(day, item);
analyze;
update sale set remark = replace(remark, 'mo', 'moo') || ' ' || id
  where count > 5;
update item set price = price * 1.1 where id % 3 = 0;
delete from sale where count = 9 and id % 2 = 0;
select substr(s.day, 1, 7), count(*), sum(s.count * i.id)
  from sale s join item i on i.id = s.item group by 1 order by 1;
select c.city, count(*), sum(s.count), max(length(s.remark)) from sale s
  join customer c on c.id = s.customer group by c.city order by 3 desc, 1;
select c.name, sum(s.count) t, group_concat(s.day, ' ') from sale s
  join customer c on c.id = s.customer group by c.id
  order by t desc, c.name, c.id limit 50;
select count(*), sum(length(u)) from (select distinct
  upper(substr(remark, 1, 12)) u from sale order by u);
select id, upper(remark) from sale order by upper(remark) desc, id limit 30;
select sum(length(printf('%s: %d of %s', day, count, remark))) from sale
  where remark like '%rand%' or remark glob '*st z*';
select city, name, rank() over (partition by city order by name, id)
  from customer order by city, name, id limit 40;
select sum(length(g)) from
  (select group_concat(remark, ', ') g from sale group by day);
create table pair as select a.item one, b.item other, count(*) n
  from sale a join sale b on b.customer = a.customer and b.item > a.item
  group by a.item, b.item;
create index pair_n on pair(n, one);
select n, count(*) from pair group by n order by n;
select i.label, sum(p.n) from pair p join item i on i.id = p.one
  where p.n > 1 group by p.one order by 2 desc, 1 limit 20;
update pair set n = n + (one & 3) where other % 2 = 0;
select one, other from pair order by n desc, other, one limit 20;
select other, count(*), sum(n) from pair group by other
  order by 3 desc, 1 limit 20;
with recursive day(x, y) as (select 1, 17 union all
  select x + 1, (y * 1103 + 7) % 65537 from day where x < {days})
  select count(distinct y), sum(y) from day;
drop index sale_day;
vacuum;
select count(*), sum(count), sum(length(remark)) from sale;
"""


def mixed(scale):
    rng = random.Random(1)
    sales = int(100000 * scale)
    customers, items = max(50, sales // 10), max(50, sales // 20)
    text = [TABLES]
    for _ in range(0, customers, 50):
        text.append("insert into customer(name, city) values\n" + ",\n".join(
            "  ('%s %s', '%s')" % (
                rng.choice(WORDS).title(), rng.choice(WORDS).title(),
                rng.choice(WORDS)) for _ in range(50)) + ";\n")
    text.append(ITEMS.format(items=items))
    for _ in range(sales):
        text.append(
            "insert into sale(customer, item, count, day, remark) "
            "values(%d, %d, %d, '2024-%02d-%02d', '%s');\n" % (
                1 + rng.randrange(customers), 1 + rng.randrange(items),
                1 + rng.randrange(9), 1 + rng.randrange(12),
                1 + rng.randrange(28),
                " ".join(rng.choice(WORDS) for _ in range(6))))
    text.append(WORK.format(days=4 * sales))
    return "".join(text)


def inserts(scale):
    rng = random.Random(1)
    lines = ["create table t(id integer primary key, k text, v real);",
             "begin;"]
    for _ in range(int(700000 * scale)):
        lines.append("insert into t(k, v) values('key-%07d', %.6f);" % (
            rng.randrange(10**7), rng.random()))
    lines += ["commit;", "create index tk on t(k);",
              "update t set v = v + 1 where id % 2 = 0;",
              "select k, count(*), group_concat(id) from t "
              "group by substr(k, 1, 8) order by 2 desc limit 100;",
              "select sum(length(k || v)) from t;"]
    return "\n".join(lines) + "\n"
