// SPDX-License-Identifier: MIT
//
// memscope.hpp: scopes, tasks, loans and pauses that end with the block that
// they stand in. See memscope_annotate.h for what they mean.

#ifndef MEMSCOPE_HPP
#define MEMSCOPE_HPP

#include "memscope.h"

namespace memscope
{

// The name must live as long as the object.
class scope
{
  public:
    explicit scope(const char *name) : name_(name)
    {
        memscope_scope_begin(name);
    }
    ~scope()
    {
        memscope_scope_end(name_);
    }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

  private:
    const char *name_;
};

// The calling thread works for a task.
class in_task
{
  public:
    explicit in_task(memscope_task task) : task_(task)
    {
        memscope_task_enter(task);
    }
    ~in_task()
    {
        memscope_task_leave(task_);
    }
    in_task(const in_task &) = delete;
    in_task &operator=(const in_task &) = delete;

  private:
    memscope_task task_;
};

class loan
{
  public:
    loan(const void *block, bool is_mutable)
        : loan_(memscope_borrow(block, is_mutable))
    {
    }
    ~loan()
    {
        if (loan_ != 0)
            (void)memscope_return(loan_);
    }
    loan(const loan &) = delete;
    loan &operator=(const loan &) = delete;

  private:
    memscope_loan loan_;
};

class paused
{
  public:
    paused()
    {
        memscope_pause();
    }
    ~paused()
    {
        memscope_resume();
    }
    paused(const paused &) = delete;
    paused &operator=(const paused &) = delete;
};

} // namespace memscope

#endif
