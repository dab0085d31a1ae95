locals {
  minutes_of_week = 10080

  weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  # Start in minutes of the day and of the week, and length. A validation of the variable cannot use
  # these, since they depend on it; preconditions of the database do.
  backup_window_ends = [
    for time in split("-", var.backup.window) : tonumber(split(":", time)[0]) * 60 + tonumber(split(":", time)[1])
  ]
  backup_window = {
    start  = local.backup_window_ends[0]
    length = (local.backup_window_ends[1] - local.backup_window_ends[0] + 1440) % 1440
  }

  maintenance_window_ends = [
    for time in split("-", var.backup.maintenance_window) :
    index(local.weekdays, split(":", time)[0]) * 1440 + tonumber(split(":", time)[1]) * 60 + tonumber(split(":", time)[2])
  ]
  maintenance_window = {
    start  = local.maintenance_window_ends[0]
    length = (local.maintenance_window_ends[1] - local.maintenance_window_ends[0] + local.minutes_of_week) % local.minutes_of_week
  }

  # Two windows overlap if one starts while the other is open; the week is a circle.
  windows_overlap = anytrue([
    for day in range(7) :
    (day * 1440 + local.backup_window.start - local.maintenance_window.start + local.minutes_of_week) % local.minutes_of_week < local.maintenance_window.length ||
    (local.maintenance_window.start - day * 1440 - local.backup_window.start + 2 * local.minutes_of_week) % local.minutes_of_week < local.backup_window.length
  ])
}
