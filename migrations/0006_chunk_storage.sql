-- A chunk of minutes is some 2.5 kB: three of them fill a page, where out of line each would take two pieces and their index more.
alter table tenant.minute_chunk alter column data set storage main;
alter table tenant.hour_chunk alter column data set storage main;
