// SPDX-License-Identifier: MIT
// See query/plan.h for the contract.

#include "query/plan.h"

#include <math.h>

// How many rows there are, more or less: for plans only.
static double rows_about(const struct ms_vtab_table *t)
{
    const struct ms_stats *s = &t->query->cut.stats;

    switch (t->number) {
    case MS_TABLE_ALLOCATIONS:
        return (double)s->heap.live_blocks + 10;
    case MS_TABLE_SITES:
        return (double)s->site_count + 1;
    case MS_TABLE_STACKS:
        return (double)s->capture.stacks + 1;
    case MS_TABLE_FRAMES:
        return 20 * (double)s->capture.stacks + 1;
    case MS_TABLE_THREADS:
        return (double)s->thread_count + 1;
    case MS_TABLE_EVENTS:
        return 512 * (double)s->thread_count + 1;
    case MS_TABLE_HISTORY:
    case MS_TABLE_HISTORY_1S:
    case MS_TABLE_HISTORY_10S:
        return 6000;
    case MS_TABLE_STATS:
        return 1;
    default:
        return 100;
    }
}

bool ms_table_is_ordered(const struct ms_vtab_table *t)
{
    const struct ms_sql_cut *cut = &t->query->cut;

    if (!t->table->by_first || (cut->unordered >> t->number & 1) != 0)
        return false;
    return t->number != MS_TABLE_ALLOCATIONS || cut->session == NULL ||
           cut->session->reader.head.table_capacity == 0;
}

static bool is_comparison(unsigned char op)
{
    return op == SQLITE_INDEX_CONSTRAINT_EQ ||
           op == SQLITE_INDEX_CONSTRAINT_GT ||
           op == SQLITE_INDEX_CONSTRAINT_GE ||
           op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE;
}

static void weigh(const struct ms_vtab_table *t, const struct ms_column *c,
                  unsigned char op, double *cost, double *rows)
{
    bool key = c == t->table->columns && ms_table_is_ordered(t);

    if (op != SQLITE_INDEX_CONSTRAINT_EQ) {
        *rows /= 3;
        *cost /= key ? 3 : 1.1;
        return;
    }
    if (!key) {
        *rows /= 10;
        *cost /= 1.2;
        return;
    }
    *rows = t->table->is_unique ? 1 : 25;
    *cost = *rows + 10;
}

// The plan is a text: for each argument its column and operator.
int ms_table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    struct ms_vtab_table *t = (struct ms_vtab_table *)vtab;
    double rows = rows_about(t), cost = rows + 10;
    char plan[2 * MS_PLAN_CONSTRAINTS + 1];
    char *to = plan;
    int count = 0;

    for (int i = 0; i < info->nConstraint && count < MS_PLAN_CONSTRAINTS; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (!c->usable || c->iColumn < 0 || !is_comparison(c->op))
            continue;
        const struct ms_column *column = &t->table->columns[c->iColumn];
        if (column->kind > MS_COLUMN_DOUBLE)
            continue;
        *to++ = (char)('0' + c->iColumn);
        *to++ = (char)c->op;
        info->aConstraintUsage[i].argvIndex = ++count;
        weigh(t, column, c->op, &cost, &rows);
    }
    *to = '\0';
    info->idxStr = sqlite3_mprintf("%s", plan);
    if (info->idxStr == NULL)
        return SQLITE_NOMEM;
    info->needToFreeIdxStr = 1;
    if (t->number == MS_TABLE_ALLOCATIONS &&
        info->colUsed >> MS_BLOCK_LABELS != 0)
        info->idxNum = MS_PLAN_LABELS;
    info->orderByConsumed = info->nOrderBy == 1 &&
                            info->aOrderBy[0].iColumn == 0 &&
                            !info->aOrderBy[0].desc && ms_table_is_ordered(t);
    info->estimatedCost = cost;
    info->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
    return SQLITE_OK;
}

static bool holds(const struct ms_vtab_constraint *k, const void *row)
{
    long double n;

    if (!ms_column_number(k->column, row, &n))
        return false; // NULL compares with nothing
    switch (k->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return n == k->value;
    case SQLITE_INDEX_CONSTRAINT_GT:
        return n > k->value;
    case SQLITE_INDEX_CONSTRAINT_GE:
        return n >= k->value;
    case SQLITE_INDEX_CONSTRAINT_LT:
        return n < k->value;
    default:
        return n <= k->value;
    }
}

bool ms_cursor_matches(const struct ms_vtab_cursor *c)
{
    for (size_t i = 0; i < c->constraint_count; i++)
        if (!holds(&c->constraints[i], c->row))
            return false;
    return true;
}

// The first of `count` rows whose first column is not below `value`.
size_t ms_table_lower_bound(const struct ms_table *t, const char *rows,
                            size_t count, long double value)
{
    size_t low = 0, high = count;
    long double n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool known =
            ms_column_number(t->columns, rows + middle * t->row_bytes, &n);
        if (known && n < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// What the constraints leave of the first column, both ends inclusive.
void ms_cursor_key_range(const struct ms_vtab_cursor *c,
                         const struct ms_vtab_table *t, uint64_t *low,
                         uint64_t *high)
{
    *low = 0;
    *high = UINT64_MAX;
    for (size_t i = 0; i < c->constraint_count; i++) {
        const struct ms_vtab_constraint *k = &c->constraints[i];
        if (k->column != t->table->columns || isnan(k->value))
            continue;
        long double v = k->value < 0 ? 0 : k->value;
        uint64_t n = v >= 0x1p63L ? (uint64_t)INT64_MAX : (uint64_t)v;
        if (k->op != SQLITE_INDEX_CONSTRAINT_LT &&
            k->op != SQLITE_INDEX_CONSTRAINT_LE && n > *low)
            *low = n;
        if (k->op != SQLITE_INDEX_CONSTRAINT_GT &&
            k->op != SQLITE_INDEX_CONSTRAINT_GE && n < *high)
            *high = n;
    }
}
