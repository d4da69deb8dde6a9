"""The release check `./dev calendars`: real Thunderbird and real Evolution subscribe, and show what the rows say."""
