-- The contract tells whether a customer's phone could be read; what is kept of customers was told by one that could read it.
UPDATE nobi_customer SET detail = json_set(detail, '$.undecided', json('false'));
